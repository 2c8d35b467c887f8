import { describe, expect, test } from 'vitest';
import { addressCheck, isHostPattern } from '../../../src/hub/admission/allowed-address.ts';

const byDefault = addressCheck({ allowedHosts: [], onlyAllowedHosts: false });

describe('where webhooks may lead', () => {
  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
  ])('%s is internal', (address) => {
    expect(byDefault.address(address)).toBe(false);
    expect(byDefault.host(address)).toBe('refused');
  });

  test.each(['8.8.8.8', '172.32.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is not', (address) => {
    expect(byDefault.address(address)).toBe(true);
    expect(byDefault.host(address)).toBe('allowed');
  });

  test('what is allowed may be internal; names are, wherever they lead', () => {
    const check = addressCheck({
      allowedHosts: ['10.0.0.0/8', '127.0.0.1', 'hooks.corp', '*.svc'],
      onlyAllowedHosts: false,
    });
    expect(check.host('10.1.2.3')).toBe('allowed');
    expect(check.host('127.0.0.2')).toBe('refused');
    expect(check.host('HOOKS.corp.')).toBe('allowed');
    expect(check.host('a.b.svc')).toBe('allowed');
    expect(check.host('svc')).toBe('by address');
    expect(check.host('evilhooks.corp')).toBe('by address');
    expect(check.address('10.1.2.3')).toBe(true);
  });

  test('only what is allowed, where the operator says so', () => {
    const check = addressCheck({ allowedHosts: ['hooks.example.com', '203.0.113.0/24'], onlyAllowedHosts: true });
    expect(check.host('hooks.example.com')).toBe('allowed');
    expect(check.address('8.8.8.8')).toBe(false);
    expect(check.address('203.0.113.9')).toBe(true);
    expect(check.host('8.8.8.8')).toBe('refused');
  });

  test.each([
    ['a.example', true],
    ['*.example', true],
    ['10.0.0.0/8', true],
    ['::1', true],
    ['fc00::/7', true],
    ['10.0.0.0/33', false],
    ['https://a', false],
    ['a/8', false],
    ['', false],
  ])('%s is an entry: %s', (text, ok) => {
    expect(isHostPattern(text)).toBe(ok);
  });
});
