/** Client certificates: CN is the user, each O a group (k8s.io/apiserver authentication/request/x509 CommonNameUserConversion). */
import type { PeerCertificate } from '../src/http/context.ts';
import type { UserInfo } from '../src/kube/api.ts';
import { unauthorized } from '../src/kube/status.ts';
import { AUTHENTICATED, type Authenticator, withGroup } from './authenticator.ts';

const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id';

/** Throws 401 for a certificate that our authorities did not issue, or that has run out. */
export const clientCertificates: Authenticator = async ({ peer }) => {
  if (peer === undefined) return undefined;
  if (!peer.verified) throw unauthorized();
  if (peer.commonName === '') return undefined;
  const known = users.get(peer);
  if (known !== undefined) return known;
  const user = withGroup(
    {
      name: peer.commonName,
      groups: peer.organizations,
      extra: { [CREDENTIAL_ID]: [`X509SHA256=${peer.fingerprint}`] },
    },
    AUTHENTICATED,
  );
  users.set(peer, user);
  return user;
};

/** A connection has one certificate and many requests. */
const users = new WeakMap<PeerCertificate, UserInfo>();
