/**
 * Names from a URL become parts of another URL, at a cluster: what could mean another path there is refused. Authorization
 * was decided on the parts as we read them, so the cluster must read them alike.
 */
import type { RequestInfo } from '../kube/request-info.ts';
import { badRequest } from '../kube/status.ts';

/** apimachinery `api/validation/path`: texts of IsValidPathSegmentName. */
function segmentErrors(segment: string): string[] {
  if (segment === '.' || segment === '..') return [`may not be '${segment}'`];
  return ['/', '%'].filter((sign) => segment.includes(sign)).map((sign) => `may not contain '${sign}'`);
}

const isClimbing = (segment: string): boolean => segment.split(/[/\\]/).some((part) => part === '.' || part === '..');

/** Throws ApiError 400 (registry/generic/registry/store.go NamespaceKeyFunc). */
export function checkPathSegments({ verb, namespace, name, subresource, rest }: RequestInfo): void {
  // The name of a list or watch is its field selector's and goes into no path.
  const inPath = verb === 'list' || verb === 'watch' ? '' : name;
  for (const segment of [namespace, inPath, subresource]) {
    const errors = segmentErrors(segment);
    if (errors.length > 0) throw badRequest(`Name parameter invalid: ${JSON.stringify(segment)}: ${errors.join(';')}`);
  }
  const climbing = rest.find(isClimbing);
  if (climbing !== undefined) throw badRequest(`Path parameter invalid: ${JSON.stringify(climbing)}: may not climb`);
}
