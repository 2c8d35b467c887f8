import { expect, test } from 'vitest';
import { Files } from '../../src/embedded/files.ts';
import { noInput, Shell } from '../../src/embedded/shell.ts';
import { readTar, writeTar } from '../../src/embedded/tar.ts';
import { createTerminal } from '../../src/embedded/terminal.ts';

async function run(words: string[], input: string[] = []): Promise<{ code: number; out: string; err: string }> {
  const shell = new Shell(new Files({ '/etc/hostname': 'pod-1\n' }), { HOSTNAME: 'pod-1', GREETING: 'hello' }, '/');
  const out: string[] = [];
  const err: string[] = [];
  const code = await shell.exec(words, {
    stdin: input.length > 0 ? chunks(input) : noInput(),
    stdout: (chunk) => void out.push(chunk.toString()),
    stderr: (chunk) => void err.push(chunk.toString()),
    signal: new AbortController().signal,
  });
  return { code, out: out.join(''), err: err.join('') };
}

async function* chunks(texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test.each([
  ['echo $GREETING "$HOSTNAME" \'$HOME\'', 'hello pod-1 $HOME\n', 0],
  ['cat /etc/hostname', 'pod-1\n', 0],
  ['false || echo rescued; true && echo on', 'rescued\non\n', 0],
  ['printf "a\\nb\\nc\\n" | tail -n 2 | head -n 1', 'b\n', 0],
  ['echo one > /tmp/f; echo two >> /tmp/f; wc -l < /tmp/f', '2\n', 0],
  ['echo hi; exit 3; echo never', 'hi\n', 3],
  ['[ -f /etc/hostname ] && echo there', 'there\n', 0],
  ['false; echo $?', '1\n', 0],
  ['mkdir -p /a/b && cd /a/b && pwd', '/a/b\n', 0],
])('sh -c %j', async (script, out, code) => {
  expect(await run(['sh', '-c', script])).toEqual({ code, out, err: '' });
});

test('an unknown command is 127, a missing file 1, bad grammar 2', async () => {
  expect(await run(['perl', '-v'])).toEqual({ code: 127, out: '', err: 'sh: perl: not found\n' });
  expect(await run(['cat', '/nowhere'])).toMatchObject({ code: 1, err: 'cat: /nowhere: No such file or directory\n' });
  expect(await run(['sh', '-c', 'echo "open'])).toMatchObject({ code: 2 });
});

test('an interactive shell reads lines from its input however they are cut', async () => {
  expect(await run(['sh'], ['echo o', 'ne\necho two', '\nexit 4\n'])).toEqual({ code: 4, out: 'one\ntwo\n', err: '' });
});

test('tar takes in what it put out', () => {
  const entries = [
    { name: 'a.txt', bytes: Buffer.from('x'.repeat(700)) },
    { name: `${'long/'.repeat(30)}b`, bytes: Buffer.alloc(0) },
  ];
  expect(readTar(writeTar(entries))).toEqual(entries);
  expect(() => readTar(writeTar(entries).subarray(0, 900))).toThrow('Unexpected EOF');
});

test('a terminal echoes, takes back and ends', async () => {
  const shown: string[] = [];
  const terminal = createTerminal(
    chunks(['ec\x7fcho', ' hi\r', 'x\x03', '\x04ignored']),
    (bytes) => void shown.push(bytes.toString()),
  );
  const lines: string[] = [];
  for await (const line of terminal.input) lines.push(line.toString());
  expect(lines).toEqual(['echo hi\n', '\n']);
  expect(shown.join('')).toBe('ec\b \bcho hi\r\nx^C\r\n');
});
