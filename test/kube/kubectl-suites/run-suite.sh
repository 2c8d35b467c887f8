#!/usr/bin/env bash
# Runs one function of kubectl's own shell suites (kubernetes/test/cmd) and writes down every command that fails in it,
# instead of ending at the first, so that two servers can be compared command by command.
#
#   run-suite.sh FUNCTION      from the folder that holds the copy of hack, test and third_party
#
# SECURE_API_PORT  port and path of the server, which the suites put behind https://127.0.0.1:
# TOKEN            of an administrator
# FAILURES         file that receives `file:line` for each failing command, and `end` when the function has returned
# HOME, TMPDIR     folders of its own
export LANG=C TERM=dumb
SED=sed
THIS_PLATFORM_BIN=$PWD/_output/bin
KUBE_TEMP=$TMPDIR
# shellcheck disable=SC1091
source hack/lib/util.sh && source hack/lib/logging.sh && source hack/lib/test.sh && source test/cmd/legacy-script.sh >/dev/null

# What follows changes the rule that the first failure ends everything.
builtin set +o errexit +o nounset -o errtrace
set() {
  [[ "$*" == *errexit* ]] || builtin set "$@"
}
exit() {
  return "${1:-0}"
}
kube::log::error_exit() {
  echo "error_exit: ${1:-}"
  return 1
}
note_failure() {
  local status=$? level place
  ((BASH_SUBSHELL == 0)) || return 0
  for level in "${!BASH_SOURCE[@]}"; do
    [[ ${BASH_SOURCE[level]} == */test/cmd/* && ${BASH_SOURCE[level]} != */legacy-script.sh ]] || continue
    place="$(basename "${BASH_SOURCE[level]}"):${BASH_LINENO[level - 1]}"
    echo "$place" >>"$FAILURES"
    echo "@@@ $place failed with $status: $BASH_COMMAND" >&2
    return 0
  done
}

CONTEXT=test
SUPPORTED_RESOURCES=('*')
kubectl config set-credentials test-admin --token "$TOKEN"
kubectl config set-cluster local --insecure-skip-tls-verify --server "https://127.0.0.1:${SECURE_API_PORT}"
kubectl config set-context "$CONTEXT" --user test-admin --cluster local
kubectl config use-context "$CONTEXT"
kube_flags_without_token=('-s' "https://127.0.0.1:${SECURE_API_PORT}" '--insecure-skip-tls-verify')
kube_flags=("${kube_flags_without_token[@]}")
kube_flags_with_token=("${kube_flags[@]}" "--token=${TOKEN}")
# Their own server allows everything, and has this Service or is given it.
kubectl create clusterrolebinding "${kube_flags[@]}" suites --clusterrole=cluster-admin --group=system:authenticated
kubectl create "${kube_flags[@]}" -f hack/testdata/kubernetes-service.yaml
# The names of fields that the suites share are set in the middle of runTests.
eval "$(grep -E '^  export [a-z_0-9]+=' test/cmd/legacy-script.sh)"

trap note_failure ERR
"$1"
trap - ERR
echo end >>"$FAILURES"
kube::test::clear_all
