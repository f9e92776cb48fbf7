// What the page's export panel does, for the scripts that press its buttons.

async function openPanel(page) {
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  return page.getByRole('dialog', { name: 'Export' });
}

/**
 * The files that it saves, by format. Without the browser's file dialog the page keeps a file until
 * it is whole, and saves it then.
 */
export async function saveFiles(page, formats, folder) {
  const files = {};
  await page.evaluate(() => Object.assign(window, { showSaveFilePicker: undefined }));
  const panel = await openPanel(page);
  for (const format of formats) {
    await panel.getByRole('button', { name: format, exact: true }).click();
    const coming = page.waitForEvent('download');
    await panel.getByRole('button', { name: 'Download', exact: true }).click();
    const download = await coming;
    files[format] = `${folder}/${download.suggestedFilename()}`;
    await download.saveAs(files[format]);
  }
  await page.keyboard.press('Escape');
  await panel.waitFor({ state: 'detached' });
  return files;
}

/** An export of everything into a slow file, cancelled: what the server has to do before and after. */
export async function cancelExport(page, base) {
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
  const panel = await openPanel(page);
  await panel.getByRole('button', { name: 'CSV', exact: true }).click();
  await panel.getByRole('button', { name: 'Download', exact: true }).click();
  const before = await untilRunning(1);
  await panel.getByText('/s').waitFor();
  await panel.getByRole('button', { name: 'Cancel', exact: true }).click();
  await panel.getByText('No file was kept').waitFor();
  const after = await untilRunning(0);
  return { before, after, isAborted: await page.evaluate(() => window.isAborted) };
}
