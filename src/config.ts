/** What a gateway is told: one schema for file, environment and flags. */
import { z } from 'zod';
import { isHostPattern } from './hub/admission/allowed-address.ts';

const rate = z.object({ qps: z.number().positive(), burst: z.number().int().positive() });

export const oidcSchema = z.object({
  issuer: z.url(),
  audiences: z.array(z.string()).min(1),
  usernameClaim: z.string().default('sub'),
  /** Put before the name, so that no issuer can name another's users. */
  usernamePrefix: z.string(),
  groupsClaim: z.string().optional(),
  groupsPrefix: z.string().default(''),
});

export const serverConfigSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(6443),
  dataDir: z.string().default('.tmc'),
  /** DNS names and addresses that the server's certificate shall cover, beside localhost and this machine's name. */
  names: z.array(z.string()).default([]),
  /** How clients reach the gateway; default: the first name, or localhost, and the port. */
  externalUrl: z.url().optional(),
  /** `<workspace>.<domain>` as Host is a view at the root path. */
  aliasDomain: z.string().optional(),
  authentication: z
    .strictObject({
      /** Kubernetes' CSV: token,user,uid,"groups". */
      tokenFile: z.string().optional(),
      /** PEM files of further authorities whose client certificates are believed. */
      clientCAFiles: z.array(z.string()).default([]),
      oidc: z.array(oidcSchema).default([]),
    })
    .prefault({}),
  audit: z.strictObject({ logFile: z.string().optional(), policyFile: z.string().optional() }).prefault({}),
  /** Where webhooks that tenants register may lead. Internal addresses only where allowed here. */
  admissionWebhooks: z
    .strictObject({
      /** Names (`hooks.example.com`, `*.example.com`), addresses and CIDRs. */
      allowedHosts: z.array(z.string().refine(isHostPattern, 'must be a host name, an address or a CIDR')).default([]),
      /** Nothing else may be called. */
      onlyAllowedHosts: z.boolean().default(false),
    })
    .prefault({}),
  /** What is authored is shown to a cluster that could take it, by a server-side dry-run. */
  clusterValidation: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** How long a write may wait for the cluster's word. */
      deadlineMs: z.number().int().positive().max(10_000).default(500),
    })
    .prefault({}),
  limits: z.strictObject({ user: rate, workspace: rate }).optional(),
  requestTimeoutSeconds: z.number().positive().default(60),
  shutdownGraceSeconds: z.number().nonnegative().default(10),
  /** Kubeconfigs of registrations may name commands and files: only where the operator registers every cluster. */
  trustKubeconfig: z.boolean().default(false),
  logLevel: z.enum(['silent', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

export type ServerConfigInput = z.input<typeof serverConfigSchema>;
export type ServerConfig = z.output<typeof serverConfigSchema>;
export type OidcConfig = z.output<typeof oidcSchema>;

/** Throws an Error that says, per field, what was found and wanted. */
export function parseServerConfig(input: unknown): ServerConfig {
  const parsed = serverConfigSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new Error(`The configuration is not valid:\n${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}

/**
 * Lays `TMC_*` variables over a configuration: `TMC_PORT=7443`, `TMC_DATA_DIR=/data`, `TMC_AUTHENTICATION_TOKEN_FILE=…`.
 * Lists are comma-separated. Unknown variables are left alone.
 */
export function withEnvironment(
  input: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): Record<string, unknown> {
  const result: Record<string, unknown> = structuredClone({ ...input });
  for (const [variable, { path, parse }] of Object.entries(VARIABLES)) {
    const value = env[variable];
    if (value === undefined) continue;
    const parents = path.slice(0, -1);
    const holder = parents.reduce<Record<string, unknown>>((at, key) => {
      at[key] ??= {};
      return at[key] as Record<string, unknown>;
    }, result);
    holder[path.at(-1) as string] = parse(value);
  }
  return result;
}

const text = (value: string): unknown => value;
const list = (value: string): unknown => value.split(',').map((one) => one.trim());

const VARIABLES: Readonly<Record<string, { path: readonly string[]; parse: (value: string) => unknown }>> = {
  TMC_HOST: { path: ['host'], parse: text },
  TMC_PORT: { path: ['port'], parse: Number },
  TMC_DATA_DIR: { path: ['dataDir'], parse: text },
  TMC_NAMES: { path: ['names'], parse: list },
  TMC_EXTERNAL_URL: { path: ['externalUrl'], parse: text },
  TMC_ALIAS_DOMAIN: { path: ['aliasDomain'], parse: text },
  TMC_AUTHENTICATION_TOKEN_FILE: { path: ['authentication', 'tokenFile'], parse: text },
  TMC_AUTHENTICATION_CLIENT_CA_FILES: { path: ['authentication', 'clientCAFiles'], parse: list },
  TMC_AUDIT_LOG_FILE: { path: ['audit', 'logFile'], parse: text },
  TMC_AUDIT_POLICY_FILE: { path: ['audit', 'policyFile'], parse: text },
  TMC_ADMISSION_WEBHOOKS_ALLOWED_HOSTS: { path: ['admissionWebhooks', 'allowedHosts'], parse: list },
  TMC_LOG_LEVEL: { path: ['logLevel'], parse: text },
};
