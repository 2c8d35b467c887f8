/** One call to a cluster within its time: unlike `AbortSignal.timeout`, nothing of it is left once the call has ended. */

/**
 * @param call takes a signal that aborts with the caller's, or when the milliseconds are over
 * @throws what `call` throws; it is to throw the signal's reason
 */
export async function within<T>(
  ms: number,
  caller: AbortSignal,
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const leave = (): void => end.abort(caller.reason);
  if (caller.aborted) leave();
  else caller.addEventListener('abort', leave, { once: true });
  const timer = setTimeout(() => end.abort(new Error(`it has not answered within ${ms} ms`)), ms);
  try {
    return await call(end.signal);
  } finally {
    clearTimeout(timer);
    caller.removeEventListener('abort', leave);
  }
}
