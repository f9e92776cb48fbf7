/** The prefix that the server is behind: this page's folder, without the slash at its end. */
export function basePath(page = location.href): string {
  return new URL('.', page).pathname.replace(/\/$/, '');
}
