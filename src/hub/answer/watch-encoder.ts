/** Watch events as lines of JSON; the bytes of a live event are made once for all watchers that see it alike. */
import { stringifyJson } from '../../kube/exact-json.ts';
import type { HubCore, Target } from '../core.ts';
import type { WatchEncoder } from '../read/watch.ts';
import { typeNames } from '../stored-object.ts';
import { entryBytes } from './respond.ts';

const LINE_END = Buffer.from('}\n');

export function createWatchEncoder(core: HubCore, target: Target): WatchEncoder {
  const names = typeNames(target.definition.info);
  return {
    change(type, entry, shared, leaving = false) {
      // DELETED has two shapes: the last state before a delete, or the state before it left a selector.
      const key = `${type}|${names.apiVersion}|${names.kind}|${target.workspace === '*'}|${leaving}`;
      const known = shared?.get(key);
      if (known !== undefined) return known;
      const line = Buffer.concat([
        Buffer.from(`{"type":"${type}","object":`),
        entryBytes(core, target, entry),
        LINE_END,
      ]);
      shared?.set(key, line);
      return line;
    },
    bookmark: (revision, annotations) =>
      jsonLine('BOOKMARK', {
        ...names,
        metadata: { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) },
      }),
    error: (status) => jsonLine('ERROR', status),
  };
}

export const jsonLine = (type: string, object: unknown): Buffer => Buffer.from(`${stringifyJson({ type, object })}\n`);
