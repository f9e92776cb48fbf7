// Copies a file that the TypeScript compiler leaves alone: `node copy.mjs from to`.
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

const [from, to] = process.argv.slice(2);
if (!from || !to) throw new Error('usage: copy.mjs FROM TO');
mkdirSync(dirname(to), { recursive: true });
copyFileSync(from, to);
