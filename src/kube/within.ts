/**
 * One call within its time. Not `AbortSignal.any([caller, AbortSignal.timeout(ms)])`: nothing holds such a timeout, so that a
 * garbage collection takes it away and the call never ends (Node 20; `any` knows its sources weakly). And nothing of this
 * one is left once the call has ended.
 */

/**
 * @param call takes a signal that aborts with the caller's, or when the milliseconds are over
 * @param late makes the reason when the milliseconds are over
 * @throws what `call` throws; it is to throw the signal's reason
 */
export async function within<T>(
  ms: number,
  caller: AbortSignal | undefined,
  call: (signal: AbortSignal) => Promise<T>,
  late: () => Error = () => new Error(`it has not answered within ${ms} ms`),
): Promise<T> {
  const end = new AbortController();
  const leave = (): void => end.abort(caller?.reason);
  if (caller?.aborted) leave();
  else caller?.addEventListener('abort', leave, { once: true });
  const timer = setTimeout(() => end.abort(late()), ms);
  try {
    return await call(end.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', leave);
  }
}
