import { requestTarget, type Format, type WireRequest } from './request.js';

export type SampleLanguage = 'curl' | 'python' | 'javascript';

const EXTENSIONS: Record<Format, string> = {
  arrow: 'arrows',
  'arrow-file': 'arrow',
  parquet: 'parquet',
  csv: 'csv',
  json: 'json',
  ndjson: 'ndjson',
};

/** A file's name for an answer: `flights.parquet`. */
export function fileNameOf(request: WireRequest, format: Format): string {
  return `${request.dataset}.${EXTENSIONS[format]}`;
}

/** The server of a sample. */
export interface SampleServer {
  /** Its absolute address. */
  baseUrl: string;
  /** Whether it asks for a token: samples read it from the environment, and never hold it. */
  needsToken?: boolean | undefined;
}

/** The environment's variable with the token. */
const TOKEN = 'BOWSHOT_TOKEN';

/**
 * The same request for a terminal, a notebook or a script, ready to be run.
 *
 *     const server = { baseUrl: location.origin };
 *     codeSample('curl', flights.rows({ filter: 'delay > 60' }).request, server);
 */
export function codeSample(
  language: SampleLanguage,
  request: WireRequest,
  { baseUrl, needsToken = false }: SampleServer,
): string {
  const base = baseUrl.replace(/\/+$/, '');
  switch (language) {
    case 'curl':
      return curlSample(request, base, needsToken);
    case 'python':
      return pythonSample(request, base, needsToken);
    case 'javascript':
      return javascriptSample(request, base, needsToken);
  }
}

function curlSample(request: WireRequest, base: string, needsToken: boolean): string {
  const path = requestTarget({ ...request, parameters: {} });
  const parameters = [...Object.entries(request.parameters), ['format', 'csv'] as const];
  const lines = [
    `curl --fail --get ${shellText(base + path)}`,
    ...(needsToken ? [`--header "Authorization: Bearer $${TOKEN}"`] : []),
    ...parameters.map(
      ([name, value]) => `--data-urlencode ${shellText(`${name}=${joined(value)}`)}`,
    ),
    `--output ${shellText(fileNameOf(request, 'csv'))}`,
  ];
  return `${lines.join(' \\\n  ')}\n`;
}

function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function pythonSample(request: WireRequest, base: string, needsToken: boolean): string {
  const path = requestTarget({ ...request, parameters: {} });
  const parameters = Object.entries(request.parameters).map(
    ([name, value]) => `        ${pythonText(name)}: ${pythonText(joined(value))},\n`,
  );
  return [
    '# pip install requests pyarrow\n',
    needsToken ? 'import os\n\n' : '',
    'import pyarrow as pa\n',
    'import requests\n\n',
    'answer = requests.get(\n',
    `    ${pythonText(base + path)},\n`,
    parameters.length > 0 ? `    params={\n${parameters.join('')}    },\n` : '',
    needsToken ? `    headers={"Authorization": f"Bearer {os.environ['${TOKEN}']}"},\n` : '',
    ')\n',
    'answer.raise_for_status()\n',
    'table = pa.ipc.open_stream(answer.content).read_all()\n',
    'print(table)\n',
  ].join('');
}

/** JSON's escapes are Python's, but for characters beyond 16 bits, which need none. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}

/** The wire's parameters as POST /v1/query takes them: no client library is needed. */
function javascriptSample(request: WireRequest, base: string, needsToken: boolean): string {
  const { dataset, shape, parameters } = request;
  const fields = Object.entries({ dataset, shape, ...parameters, format: 'json' }).map(
    ([name, value]) => `    ${name}: ${JSON.stringify(value)},\n`,
  );
  const token = needsToken ? `    Authorization: \`Bearer \${process.env.${TOKEN}}\`,\n` : '';
  return [
    `const answer = await fetch(${JSON.stringify(`${base}/v1/query`)}, {\n`,
    "  method: 'POST',\n",
    needsToken
      ? `  headers: {\n    'Content-Type': 'application/json',\n${token}  },\n`
      : "  headers: { 'Content-Type': 'application/json' },\n",
    `  body: JSON.stringify({\n${fields.join('')}  }),\n`,
    '});\n',
    'if (!answer.ok) throw new Error((await answer.json()).detail);\n',
    'const { columns, rows } = await answer.json();\n',
    'console.log(columns, rows);\n',
  ].join('');
}

function joined(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? value.join(',') : String(value);
}
