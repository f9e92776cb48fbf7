// The explorer page behind a prefix: node mounted_page.mjs PAGE_URL SCREENSHOTS
import { withPage } from './browser.mjs';

const [address, screenshots] = process.argv.slice(2);
const seen = { errors: [], outside: [] };

await withPage(async (page) => {
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('response', (response) => {
    if (response.status() >= 400) seen.errors.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(address) && !request.url().startsWith('data:'))
      seen.outside.push(request.url());
  });
  await page.goto(`${address}#/flights?order=-delay`);
  const line = page.locator('[role=row][aria-rowindex="2"]:not([aria-busy])');
  await line.waitFor();
  seen.first = await line.locator('[role=gridcell]').allInnerTexts();
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  seen.code = await page.getByLabel('The view in curl').innerText();
  await page.screenshot({ path: `${screenshots}/mounted-page.png` });
});
console.log(JSON.stringify(seen));
