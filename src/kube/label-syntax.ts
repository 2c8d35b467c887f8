/** What label keys, label values and DNS names may look like (apimachinery `api/validate/content`). Each answers messages; none means valid. */

const NAME = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const SUBDOMAIN = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';

const NAME_PATTERN = new RegExp(`^${NAME}$`);
const VALUE_PATTERN = new RegExp(`^(${NAME})?$`);
// The published expressions, but written so that a backtracking engine stays linear.
const SUBDOMAIN_PATTERN = /^(?=.)(?!-)(?!.*-$)(?!.*-\.)(?!.*\.-)(?!\.)(?!.*\.\.)(?!.*\.$)[-a-z0-9.]*$/s;
const LABEL_PATTERN = /^(?!-)(?!.*-$)[-a-z0-9]+$/s;

const EMPTY = 'must be non-empty';
const tooLong = (bytes: number): string => `must be no more than ${bytes} bytes`;
/** Names of objects are limited in the same unit, but upstream calls it otherwise there. */
const nameTooLong = (characters: number): string => `must be no more than ${characters} characters`;
const byteLength = (text: string): number => Buffer.byteLength(text);

const NAME_MESSAGE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character" +
  ` (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${NAME}')`;
const VALUE_MESSAGE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end" +
  ` with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(${NAME})?')`;
const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end" +
  ` with an alphanumeric character (e.g. 'example.com', regex used for validation is '${SUBDOMAIN}')`;
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an" +
  ` alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${LABEL}')`;

export function labelKeyErrors(key: string): string[] {
  const parts = key.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${NAME_MESSAGE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) as string;
  const errors = parts.length === 2 ? prefixErrors(parts[0] as string) : [];
  if (name === '') errors.push(`name part ${EMPTY}`);
  else if (byteLength(name) > 63) errors.push(`name part ${tooLong(63)}`);
  if (!NAME_PATTERN.test(name)) errors.push(`name part ${NAME_MESSAGE}`);
  return errors;
}

const prefixErrors = (prefix: string): string[] =>
  (prefix === '' ? [EMPTY] : dnsSubdomainErrors(prefix)).map((error) => `prefix part ${error}`);

export function labelValueErrors(value: string): string[] {
  const errors = byteLength(value) > 63 ? [tooLong(63)] : [];
  return VALUE_PATTERN.test(value) ? errors : [...errors, VALUE_MESSAGE];
}

/** RFC 1123 subdomain: names of most objects. */
export function dnsSubdomainErrors(value: string): string[] {
  const errors = byteLength(value) > 253 ? [nameTooLong(253)] : [];
  return SUBDOMAIN_PATTERN.test(value) ? errors : [...errors, SUBDOMAIN_MESSAGE];
}

/** RFC 1123 label: names of namespaces. */
export function dnsLabelErrors(value: string): string[] {
  const errors = byteLength(value) > 63 ? [nameTooLong(63)] : [];
  if (LABEL_PATTERN.test(value)) return errors;
  return [...errors, SUBDOMAIN_PATTERN.test(value) ? 'must not contain dots' : LABEL_MESSAGE];
}
