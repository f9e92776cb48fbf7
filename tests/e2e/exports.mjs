// Signs in by the address, and prints what the page gives to take away: node exports.mjs SERVER_URL TOKEN HASH FOLDER
import { withPage } from './browser.mjs';
import { cancelExport, saveFiles } from './export_panel.mjs';

const [base, token, hash, folder] = process.argv.slice(2);
const seen = { errors: [], code: {}, files: {} };

async function code(page) {
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  const panel = page.getByRole('dialog', { name: 'Code' });
  for (const language of ['curl', 'Python', 'JavaScript']) {
    await panel.getByRole('button', { name: language, exact: true }).click();
    // The page asks first whether the server needs a token.
    seen.code[language] = await panel.locator('pre', { hasText: 'BOWSHOT_TOKEN' }).innerText();
  }
  await page.keyboard.press('Escape');
}

await withPage(async (page) => {
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  await page.goto(`${base}/#token=${token}`);
  await page.locator('[role=gridcell]').first().waitFor();
  seen.address = page.url();
  seen.cookies = await page.context().cookies();
  await page.goto(`${base}/${hash}`);
  await page.locator('.title p', { hasText: ' of ' }).waitFor();
  await code(page);
  seen.files = await saveFiles(page, ['Parquet', 'CSV', 'Arrow'], folder);
  seen.cancelled = await cancelExport(page, base);
});
console.log(JSON.stringify(seen));
