/**
 * What expressions ask of the authorizer. Evaluation cannot wait for an answer, so what asks is evaluated anew with each that
 * has come; what asks nothing is evaluated once.
 */
import type { AccessDecision, AccessQuestion, Decide } from '../cel/library-authorizer.ts';

/** May they, by the workspace's own rules. */
export type Authorize = (workspace: string, question: AccessQuestion) => Promise<AccessDecision>;

/** As many as kube-apiserver's cost limit has room for. */
const MAX_QUESTIONS = 28;

/** `work` must be pure. Throws what it throws. */
export async function withAnswers<T>(authorize: Authorize, workspace: string, work: (decide: Decide) => T): Promise<T> {
  const answers = new Map<string, AccessDecision>();
  for (;;) {
    let open: { readonly key: string; readonly question: AccessQuestion } | undefined;
    const decide: Decide = (question) => {
      const key = JSON.stringify(question);
      const known = answers.get(key);
      if (known !== undefined) return known;
      if (answers.size >= MAX_QUESTIONS) throw new Error('operation cancelled: actual cost limit exceeded');
      open ??= { key, question };
      throw new Error('not answered yet');
    };
    let outcome: { readonly result: T } | { readonly error: unknown };
    try {
      outcome = { result: work(decide) };
    } catch (error) {
      outcome = { error };
    }
    // Set within `decide`, which the compiler does not see.
    const asked = open as { readonly key: string; readonly question: AccessQuestion } | undefined;
    if (asked !== undefined) {
      answers.set(asked.key, await answerTo(authorize, workspace, asked.question));
      continue;
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  }
}

async function answerTo(authorize: Authorize, workspace: string, question: AccessQuestion): Promise<AccessDecision> {
  try {
    return await authorize(workspace, question);
  } catch (error) {
    return { allowed: false, reason: '', error: (error as Error).message };
  }
}
