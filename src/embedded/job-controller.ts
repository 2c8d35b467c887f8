/** Jobs: pods until enough have succeeded, or too many have failed (k8s.io/kubernetes/pkg/controller/job, without indexes). */
import { rfc3339 } from '../reconcile/clock.ts';
import { isActive, isReady, JOBS, type Job, PODS, type Pod } from './types.ts';
import { createPod, deletePod, listOwned, type WorkloadController, writeStatus } from './workload-controller.ts';

export const jobController: WorkloadController<Job> = {
  name: 'job',
  kind: 'Job',
  resource: JOBS,
  owns: [PODS],
  async reconcile(job, context) {
    if (job.status?.conditions?.some(({ type, status }) => /^(Complete|Failed)$/.test(type) && status === 'True')) {
      return undefined;
    }
    const now = rfc3339(context.clock.now());
    const pods = await listOwned<Pod>(context, PODS, job);
    const active = pods.filter(isActive);
    const succeeded = pods.filter((pod) => pod.status?.phase === 'Succeeded').length;
    const failed = pods.filter((pod) => pod.status?.phase === 'Failed').length;
    const parallelism = job.spec.suspend ? 0 : (job.spec.parallelism ?? 1);
    const completions = job.spec.completions ?? (succeeded > 0 ? succeeded : 1);
    const verdict =
      failed > (job.spec.backoffLimit ?? 6)
        ? 'Failed'
        : succeeded >= completions && active.length === 0
          ? 'Complete'
          : undefined;
    const wanted = verdict ? 0 : Math.min(parallelism, completions - succeeded);
    for (let count = active.length; count < wanted; count++) {
      await createPod(context, job, job.spec.template, {
        labels: { 'batch.kubernetes.io/job-name': job.metadata.name ?? '', 'job-name': job.metadata.name ?? '' },
      });
    }
    for (const pod of active.slice(Math.max(0, wanted))) await deletePod(context, pod);
    const running = Math.max(active.length, wanted);
    await writeStatus(context, JOBS, job, {
      startTime: job.status?.startTime ?? now,
      ...(running > 0 && !verdict ? { active: running } : {}),
      ...(succeeded > 0 ? { succeeded } : {}),
      ...(failed > 0 ? { failed } : {}),
      ready: active.filter(isReady).length,
      terminating: 0,
      uncountedTerminatedPods: {},
      ...(verdict ? { conditions: finished(verdict, now) } : {}),
      ...(verdict === 'Complete' ? { completionTime: now } : {}),
    });
    return undefined;
  },
};

function finished(verdict: 'Complete' | 'Failed', now: string) {
  const [reason, message] =
    verdict === 'Complete'
      ? ['CompletionsReached', 'Reached expected number of succeeded pods']
      : ['BackoffLimitExceeded', 'Job has reached the specified backoff limit'];
  const early = verdict === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  return [early, verdict].map((type) => ({
    type,
    status: 'True' as const,
    lastProbeTime: now,
    lastTransitionTime: now,
    reason,
    message,
  }));
}
