/** The line discipline of a terminal: echo, backspace, ^C, ^D, and `\r\n` on the way out. */

export interface Terminal {
  /** Lines as the program reads them. */
  readonly input: AsyncIterable<Buffer>;
  output(chunk: Buffer | string): void;
}

/** Takes keystrokes as they come and where to show output; ends its input on ^D on an empty line. */
export function createTerminal(keys: AsyncIterable<Buffer>, show: (bytes: Buffer) => void): Terminal {
  const output = (chunk: Buffer | string): void => show(Buffer.from(chunk.toString().replace(/\r?\n/g, '\r\n')));
  return { output, input: lines(keys, output) };
}

async function* lines(keys: AsyncIterable<Buffer>, echo: (text: string) => void): AsyncGenerator<Buffer> {
  let line = '';
  for await (const chunk of keys) {
    for (const key of chunk.toString()) {
      if (key === '\r' || key === '\n') {
        echo('\n');
        yield Buffer.from(`${line}\n`);
        line = '';
      } else if (key === '\x7f' || key === '\b') {
        if (line !== '') echo('\b \b');
        line = line.slice(0, -1);
      } else if (key === '\x03') {
        echo('^C\n');
        line = '';
        yield Buffer.from('\n');
      } else if (key === '\x04') {
        if (line === '') return;
      } else if (key >= ' ') {
        line += key;
        echo(key);
      }
    }
  }
}
