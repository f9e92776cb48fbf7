// Signs in by the address, and prints what the page gives to take away: node exports.mjs SERVER_URL TOKEN HASH FOLDER
import { withPage } from './browser.mjs';

const [base, token, hash, folder] = process.argv.slice(2);
const seen = { errors: [], code: {}, files: {} };

async function code(page) {
  await page.getByRole('button', { name: 'Code', exact: true }).click();
  const panel = page.getByRole('dialog', { name: 'Code' });
  for (const language of ['curl', 'Python', 'JavaScript']) {
    await panel.getByRole('button', { name: language, exact: true }).click();
    seen.code[language] = await panel.locator('pre').innerText();
  }
  await page.keyboard.press('Escape');
}

/** Without the browser's file dialog the page keeps the file until it is whole, and saves it then. */
async function files(page) {
  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const panel = page.getByRole('dialog', { name: 'Export' });
  for (const format of ['Parquet', 'CSV', 'Arrow']) {
    await panel.getByRole('button', { name: format, exact: true }).click();
    const coming = page.waitForEvent('download');
    await panel.getByRole('button', { name: 'Download', exact: true }).click();
    const download = await coming;
    seen.files[format] = `${folder}/${download.suggestedFilename()}`;
    await download.saveAs(seen.files[format]);
  }
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
}

/** An export of everything into a slow file, cancelled: what the server has to do before and after. */
async function cancel(page) {
  const running = async () => {
    const answer = await page.request.get(`${base}/metrics`);
    return Number(/^bowshot_queries_running (\d+)/m.exec(await answer.text())?.[1]);
  };
  const untilRunning = async (count) => {
    const deadline = Date.now() + 60_000;
    while ((await running()) !== count && Date.now() < deadline) await page.waitForTimeout(50);
    return running();
  };
  await page.goto(`${base}/#/flights`);
  await page.locator('[role=gridcell]').first().waitFor();
  await page.evaluate(() => {
    const sink = {
      write: () => new Promise((resolve) => setTimeout(resolve, 200)),
      close: async () => {},
      abort: async () => void (window.isAborted = true),
    };
    const handle = { createWritable: async () => sink };
    Object.assign(window, { showSaveFilePicker: async () => handle });
  });
  await untilRunning(0);
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const panel = page.getByRole('dialog', { name: 'Export' });
  await panel.getByRole('button', { name: 'CSV', exact: true }).click();
  await panel.getByRole('button', { name: 'Download', exact: true }).click();
  const before = await untilRunning(1);
  await panel.getByText('/s').waitFor();
  await panel.getByRole('button', { name: 'Cancel', exact: true }).click();
  await panel.getByText('No file was kept').waitFor();
  const after = await untilRunning(0);
  seen.cancelled = {
    before,
    after,
    isAborted: await page.evaluate(() => window.isAborted),
  };
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
  await files(page);
  await cancel(page);
});
console.log(JSON.stringify(seen));
