import { basePath } from './base-path.js';

/**
 * A server with a token gives out the address `/#token=...`. The token is swapped for a cookie that
 * scripts cannot read, and leaves the address at once. Returns it where the server knows no cookies:
 * then it goes along with every request of this page.
 */
export async function signIn(): Promise<string | undefined> {
  const token = /^#token=(.+)$/.exec(location.hash)?.[1];
  if (token === undefined) return undefined;
  history.replaceState(null, '', location.pathname + location.search);
  const plain = decodeURIComponent(token);
  const response = await fetch(`${basePath()}/v1/login`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${plain}` },
  }).catch(() => undefined);
  return response?.ok ? undefined : plain;
}
