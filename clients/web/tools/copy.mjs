// Copies what the TypeScript compiler leaves alone, a file or a folder: `node copy.mjs from to`.
import { cpSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error('usage: copy.mjs FROM TO');
cpSync(from, to, { recursive: true });
