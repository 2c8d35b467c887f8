/** The audit log: audit.k8s.io/v1 Events, one JSON line per request, denials included; two for watches and streams. */
import type { AuditTrail, Authenticated, Authorized, Described, Impersonated } from '../src/http/context.ts';
import { headerValue } from '../src/http/headers.ts';
import type { UserInfo } from '../src/kube/api.ts';
import { type AuditPolicy, recordedAs } from './audit-policy.ts';

/** When an event is written: at the end of every request, and where one goes on for long, at its beginning too. */
export type AuditStage = 'ResponseStarted' | 'ResponseComplete';

export interface AuditLog {
  open(request: Described): AuditTrail;
}

/** `write` takes one line without its newline. */
export function createAuditLog(policy: AuditPolicy, write: (line: string) => void): AuditLog {
  return {
    open(request) {
      const state: { user?: UserInfo; impersonated?: UserInfo; annotations: Record<string, string> } = {
        annotations: {},
      };
      const record = (stage: AuditStage, code: number): void => {
        const { level, omitStages } = recordedAs(policy, request, state.user);
        if (level === 'None' || omitStages.includes(stage)) return;
        write(JSON.stringify(toEvent(request, level, stage, state, code)));
      };
      return {
        reached(stage) {
          noteUsers(state, stage);
          if ('reason' in stage) {
            state.annotations['authorization.k8s.io/decision'] = 'allow';
            state.annotations['authorization.k8s.io/reason'] = stage.reason;
          }
        },
        denied(reason) {
          state.annotations['authorization.k8s.io/decision'] = 'forbid';
          state.annotations['authorization.k8s.io/reason'] = reason;
        },
        // The first word stands: no webhook writes over what was decided before it.
        annotate(key, value) {
          if (!Object.hasOwn(state.annotations, key)) state.annotations[key] = value;
        },
        started: (code) => record('ResponseStarted', code),
        close: (code) => record('ResponseComplete', code),
      };
    },
  };
}

function noteUsers(
  state: { user?: UserInfo; impersonated?: UserInfo },
  stage: Authenticated | Impersonated | Authorized,
): void {
  const impersonator = 'impersonator' in stage ? stage.impersonator : undefined;
  state.user = impersonator ?? stage.user;
  if (impersonator !== undefined) state.impersonated = stage.user;
}

function toEvent(
  request: Described,
  level: string,
  stage: AuditStage,
  state: { user?: UserInfo; impersonated?: UserInfo; annotations: Record<string, string> },
  code: number,
): object {
  const { incoming, info } = request;
  const agent = headerValue(incoming.rawHeaders, 'user-agent');
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: request.auditId,
    stage,
    requestURI: incoming.url,
    verb: info.verb,
    user: toAuditUser(state.user),
    ...(state.impersonated === undefined ? {} : { impersonatedUser: toAuditUser(state.impersonated) }),
    sourceIPs: [incoming.remoteAddress],
    ...(agent === undefined ? {} : { userAgent: agent }),
    ...(info.isResource ? { objectRef: toObjectRef(request) } : {}),
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: micro(incoming.receivedAt),
    stageTimestamp: micro(Date.now()),
    annotations: { ...state.annotations, 'tmc.kcp.io/workspace': request.workspace },
  };
}

const toAuditUser = (user: UserInfo | undefined): object =>
  user === undefined
    ? {}
    : {
        username: user.name,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        groups: user.groups,
        ...(Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
      };

const toObjectRef = ({ info }: Described): object => ({
  resource: info.resource,
  ...(info.namespace === '' ? {} : { namespace: info.namespace }),
  ...(info.name === '' ? {} : { name: info.name }),
  ...(info.group === '' ? {} : { apiGroup: info.group }),
  apiVersion: info.version,
  ...(info.subresource === '' ? {} : { subresource: info.subresource }),
});

/** metav1.MicroTime. */
const micro = (ms: number): string => `${new Date(ms).toISOString().slice(0, -1)}000Z`;
