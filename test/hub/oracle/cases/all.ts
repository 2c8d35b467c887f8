import type { RequestSequence } from '../step.ts';
import { APPLIES } from './applies.ts';
import { BODIES } from './bodies.ts';
import { CUSTOM } from './custom.ts';
import { DEFINITIONS } from './definitions.ts';
import { KINDS } from './kinds.ts';
import { PATCHES } from './patches.ts';
import { READS } from './reads.ts';
import { REQUESTS } from './requests.ts';
import { UPDATES } from './updates.ts';
import { WARNINGS } from './warnings.ts';
import { WRITES } from './writes.ts';

export const SEQUENCES: readonly RequestSequence[] = [
  ...REQUESTS,
  ...WRITES,
  ...PATCHES,
  ...READS,
  ...APPLIES,
  ...BODIES,
  ...KINDS,
  ...CUSTOM,
  ...DEFINITIONS,
  ...WARNINGS,
  ...UPDATES,
];
