/** Reflectors whose objects are kept in the view's form. One pool for views, placement and sync. */
import { createReflectorPool, type ReflectorPoolOptions } from '../clusters/reflector-pool.ts';
import { CopyIndex } from './copy-index.ts';
import { createEncoder } from './encode-object.ts';
import { NamespaceMaps } from './namespace-map.ts';
import type { ViewReflectors } from './view-context.ts';

export function createViewReflectors(options: Omit<ReflectorPoolOptions, 'encode'>): ViewReflectors {
  const maps = new NamespaceMaps();
  const copies = new CopyIndex();
  const encode = createEncoder(maps, copies);
  const pool = createReflectorPool({ ...options, encode });
  maps.attach(pool);
  return { pool, maps, copies, encode };
}
