/** Column definitions. Descriptions are ours: clients show names only. */
import type { TableColumnDefinition } from '../../kube/table.ts';

/** A column that is always shown; `type` is the OpenAPI type of its cells. */
export const column = (name: string, description: string, type = 'string'): TableColumnDefinition => ({
  name,
  type,
  format: '',
  description,
  priority: 0,
});

/** A column of wide output. */
export const wide = (name: string, description: string, type = 'string'): TableColumnDefinition => ({
  ...column(name, description, type),
  priority: 1,
});

export const NAME: TableColumnDefinition = { ...column('Name', 'Name of the object.'), format: 'name' };
export const AGE = column('Age', 'Time since the object was created.');
export const CREATED_AT = column('Created At', 'When the object was created.', 'date');
export const CONTAINERS = wide('Containers', 'Names of the containers in the template.');
export const IMAGES = wide('Images', 'Images of the containers in the template.');
export const SELECTOR = wide('Selector', 'Labels that select the pods.');
