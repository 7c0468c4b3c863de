import { describe, expect, it } from 'vitest';
import type { DropInDoor } from '../../../src/edge/dropin/drop-in-door.ts';
import { DropInSession } from '../../../src/edge/dropin/drop-in-session.ts';
import { healthRoutes } from '../../../src/edge/http/health-routes.ts';
import type { EndReason } from '../../../src/protocol/end-reason.ts';
import { UpstreamRefusal } from '../../../src/upstream/upstream.ts';
import { DropInRequest, dropInDoor, FakeBody, openSocket, statusOf } from '../../support/drop-in-client.ts';
import { TestRelay } from '../../support/test-relay.ts';

const exec =
  '/api/v1/namespaces/default/pods/web-0/exec?container=app&command=sh&command=-c&command=a%20b&stdin=true&stdout=true&stderr=true';
const terminal = `${exec.replace('&stderr=true', '')}&tty=1`;
const log = '/api/v1/namespaces/default/pods/web-0/log?container=app&follow=true&timestamps=true&tailLines=5';
const v5 = 'v5.channel.k8s.io';
const v4 = 'v4.channel.k8s.io';

const gauge = (door: DropInDoor, name: string) => door.gauges().find((each) => each.name === `poseidon_dropin_${name}`)?.value;
const input = (text: string) => Buffer.concat([Buffer.of(0), Buffer.from(text)]);

describe('the drop-in door', () => {
  it('[DI1] opens a session as it was asked for, on any edge, with the user’s own credential', async () => {
    await using relay = await TestRelay.start();
    for (const prefix of ['', '/k8s/clusters/c-1', '/k8s/proxy/c-1']) {
      const { socket } = await openSocket(relay, dropInDoor(relay), `${prefix}${exec}`, v5);
      expect(relay.opener.requests.at(-1)?.target).toStrictEqual({
        kind: 'exec',
        cluster: 'c-1',
        namespace: 'default',
        pod: 'web-0',
        container: 'app',
        command: ['sh', '-c', 'a b'],
        tty: false,
        streams: ['stdin', 'stdout', 'stderr'],
      });
      expect(socket.sent).toStrictEqual([Uint8Array.of(1)]);
    }
    const records = relay.server.ofSubject('ann', 10).map((id) => relay.server.readSession(id));
    expect(records).toMatchObject(records.map(() => ({ credential: 'sealed-ann', detached: 'pause', graceMs: 30_000 })));
    const request = new DropInRequest(dropInDoor(relay), log);
    const answer = request.upgrade('binary.k8s.io');
    await relay.clock.advance(10);
    expect(await answer).toMatchObject({ subprotocol: 'binary.k8s.io' });
    expect(relay.opener.requests.at(-1)?.target).toMatchObject({
      kind: 'log',
      follow: true,
      previous: false,
      timestamps: true,
      tailLines: 5,
    });
  });

  it('[DI2] carries both ways, stderr apart, and says how the process ended', async () => {
    await using relay = await TestRelay.start();
    const { socket, events } = await openSocket(relay, dropInDoor(relay), exec, v5);
    const process = relay.opener.upstream;
    events.message(input('ls\n'));
    events.message(Buffer.of(255, 0));
    process.print('out');
    process.print('err', 'stderr');
    await relay.clock.advance(10);
    expect(process.typed).toBe('ls\n');
    expect(process.inputEnded).toBe(true);
    process.end({ kind: 'exited', code: 3, message: '', status: '{"status":"Failure","raw":true}' });
    await relay.clock.advance(10);
    expect([socket.text(1), socket.text(2), socket.text(3)]).toStrictEqual(['out', 'err', '{"status":"Failure","raw":true}']);
    expect(socket.closed).toStrictEqual({ code: 1000, reason: '' });
  });

  it('[UP2] says that the upstream cannot be told the end of input, beside the errors of the process', async () => {
    await using relay = await TestRelay.start();
    const { socket, events } = await openSocket(relay, dropInDoor(relay), exec, v5);
    relay.opener.upstream.hasEndOfInput = false;
    events.message(input('all'));
    events.message(Buffer.of(255, 0));
    await relay.clock.advance(100);
    relay.opener.upstream.print('more');
    await relay.clock.advance(100);
    expect([socket.text(1), socket.text(2)]).toStrictEqual(['more', 'poseidon: This upstream cannot be told that the input has ended.\n']);
    expect(socket.closed).toBeUndefined();
  });

  it('[DI2] gives a terminal its size, and drops what is none', async () => {
    await using relay = await TestRelay.start();
    const { events } = await openSocket(relay, dropInDoor(relay), terminal, 'v4.base64.channel.k8s.io');
    const resize = (json: string) => events.message(Buffer.from(`4${Buffer.from(json).toString('base64')}`));
    for (const json of ['{"Width":100,"Height":40}', '{"Width":80.5,"Height":24}', '{"Width":70000,"Height":24}', 'none']) {
      resize(json);
      await relay.clock.advance(10);
    }
    resize('{"width":90,"height":30}');
    events.message(Buffer.from('0bHMK'));
    await relay.clock.advance(10);
    expect(relay.opener.upstream.sizes).toStrictEqual([
      { cols: 100, rows: 40 },
      { cols: 90, rows: 30 },
    ]);
    expect(relay.opener.upstream.typed).toBe('ls\n');
  });

  it('[DI2] speaks base64 in texts, without a status for success', async () => {
    await using relay = await TestRelay.start();
    const { socket } = await openSocket(relay, dropInDoor(relay), terminal, 'base64.channel.k8s.io');
    relay.opener.upstream.print('hé');
    relay.opener.upstream.end({ kind: 'exited', code: 0, message: '' });
    await relay.clock.advance(10);
    expect(socket.sent).toStrictEqual(['1', `1${Buffer.from('hé').toString('base64')}`]);
    expect(socket.closed?.code).toBe(1000);
  });

  it('[DI2] refuses a subprotocol that nobody knows with an empty 403', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    for (const [url, name] of [
      [exec, 'v3.channel.k8s.io'],
      [log, v4],
    ] as const) {
      const answer = await new DropInRequest(door, url).upgrade(name);
      expect(answer).toStrictEqual({ status: 403, headers: {}, body: new Uint8Array() });
    }
    expect(relay.opener.requests).toHaveLength(0);
  });

  it('[DI3] hands an upstream’s refusal through before the upgrade, with its own status', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    const status = '{"kind":"Status","status":"Failure","message":"pods \\"web-0\\" not found","reason":"NotFound","code":404}';
    relay.opener.refusals.push(new UpstreamRefusal({ kind: 'refused', message: 'gone', http: 404, status }, false));
    const answer = new DropInRequest(door, exec).upgrade(v4);
    await relay.clock.advance(10);
    expect(Buffer.from(((await answer) as { body: Uint8Array }).body).toString()).toBe(status);
    expect(await answer).toMatchObject({ status: 404 });
  });

  it('[DI3] says on channel 3 what failed after the upstream had opened', async () => {
    await using relay = await TestRelay.start();
    const { socket } = await openSocket(relay, dropInDoor(relay), exec, v5);
    const status = '{"status":"Failure","reason":"InternalError","code":500,"message":"no such command"}';
    relay.opener.upstream.end({ kind: 'refused', reason: 'command-not-found', message: '', status });
    await relay.clock.advance(10);
    expect(socket.text(3)).toBe(status);
    expect(socket.closed?.code).toBe(1000);
  });

  it('[DI3] waits for an upstream that takes its time, and gives up at last', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const answer = new DropInRequest(dropInDoor(relay), exec).upgrade(v5);
    let answered = false;
    void answer.then(() => {
      answered = true;
    });
    await relay.clock.advance(140_000);
    expect(answered).toBe(false);
    await relay.clock.advance(20_000);
    expect(statusOf(await answer)).toMatchObject({ http: 503, status: 'Failure' });
  });

  it('[DI4] answers a POST with what the API server would say, and that SPDY is not spoken', async () => {
    await using relay = await TestRelay.start();
    const refused = { kind: 'refused', message: 'no', http: 403, status: '{"status":"Failure","code":403,"message":"forbidden"}' } as const;
    const answers = [refused, undefined];
    const door = dropInDoor(relay, { mayStart: async () => answers.shift() });
    const post = () => new DropInRequest(door, exec, { authorization: 'Bearer ann' }, 'POST').http();
    expect(statusOf(await post())).toMatchObject({ http: 403, message: 'forbidden' });
    expect(statusOf(await post())).toMatchObject({ http: 400, reason: 'BadRequest', message: expect.stringContaining('SPDY') });
    expect(statusOf(await new DropInRequest(door, exec).http())).toMatchObject({ http: 400, message: 'Upgrade request required' });
    expect(statusOf(await new DropInRequest(door, log, {}, 'POST').http())).toMatchObject({ http: 405 });
    expect(relay.opener.requests).toHaveLength(0);
  });

  it('[DI5] lets the worker write no further than the client’s network has taken', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    const { socket } = await openSocket(relay, door, exec, v5);
    const process = relay.opener.upstream;
    socket.stuck = true;
    for (let piece = 0; piece < 64; piece++) process.print(new Uint8Array(32 * 1024).fill(65));
    await relay.clock.advance(20_000);
    expect(process.paused).toBe(true);
    expect(gauge(door, 'output_bytes')).toBe(socket.bufferedBytes());
    expect(socket.bufferedBytes()).toBeGreaterThan(256 * 1024 - 64 * 1024);
    expect(socket.bufferedBytes()).toBeLessThan(256 * 1024 + 2 * 64 * 1024);
    socket.unstick();
    await relay.clock.advance(5_000);
    process.end({ kind: 'exited', code: 0, message: '' });
    await relay.clock.advance(100);
    expect(socket.text(1)).toHaveLength(64 * 32 * 1024);
    expect(socket.closed?.code).toBe(1000);
  });

  it('[DI5] has all output of a process that has ended, however long its client does not read', async () => {
    await using relay = await TestRelay.start();
    const { socket } = await openSocket(relay, dropInDoor(relay), exec, v5);
    socket.stuck = true;
    const output = new Uint8Array(200 * 1024).fill(65);
    relay.opener.upstream.print(output);
    relay.opener.upstream.end({ kind: 'exited', code: 0, message: '' });
    await relay.clock.advance(3_600_000);
    expect(relay.server.ofSubject('ann', 1)).toHaveLength(0);
    socket.unstick();
    await relay.clock.advance(100);
    expect(socket.text(1)).toHaveLength(output.length);
    expect(JSON.parse(socket.text(3))).toStrictEqual({ metadata: {}, status: 'Success' });
  });

  it('[DI5] keeps 32 MiB of input, and ends a session that is sent more', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    const { socket, events } = await openSocket(relay, door, exec, v5);
    relay.opener.upstream.full = true;
    events.message(input('x'));
    await relay.clock.advance(100);
    const most = new Uint8Array(32 * 1024 * 1024 + 1);
    events.message(most.subarray(0, most.length - 1));
    expect(gauge(door, 'input_bytes')).toBe(32 * 1024 * 1024);
    events.message(most);
    expect(JSON.parse(socket.text(3))).toMatchObject({ status: 'Failure', message: expect.stringContaining('More input') });
    await relay.clock.advance(40_000);
    expect(relay.opener.upstream.closed).toBe(true);
  });

  it('[DI5] reads no more of a client whose input is not taken, and loses none', async () => {
    await using relay = await TestRelay.start();
    const { socket, events } = await openSocket(relay, dropInDoor(relay), exec, v5);
    const process = relay.opener.upstream;
    process.full = true;
    const paste = 'x'.repeat(1024 * 1024);
    events.message(input(paste));
    events.message(Buffer.of(255, 0));
    await relay.clock.advance(100);
    expect(socket.paused).toBe(true);
    expect(process.typed.length).toBeLessThan(paste.length);
    process.drain();
    for (let turn = 0; turn < 60 && socket.paused; turn++) await relay.clock.advance(1_000);
    await relay.clock.advance(20_000);
    expect(socket.paused).toBe(false);
    expect(process.typed).toBe(paste);
    expect(process.inputEnded).toBe(true);
  });

  it('[DI6] ends the session of a client that leaves, after what it had written', async () => {
    await using relay = await TestRelay.start();
    const { events, request } = await openSocket(relay, dropInDoor(relay), terminal, v5);
    const [session] = relay.server.ofSubject('ann', 1);
    events.message(input('exit\r\n'));
    request.leave();
    await relay.clock.advance(100);
    expect(relay.opener.upstream.typed).toBe('exit\r\n');
    expect(relay.opener.upstream.closed).toBe(true);
    expect(relay.stateOf(session)).toBe('ended');
    expect(relay.clock.timers).toBeLessThan(20);
  });

  it('[DI6] ends the session of a client that left before it was answered, or whose process reads nothing', async () => {
    await using relay = await TestRelay.start();
    relay.opener.hold();
    const door = dropInDoor(relay);
    const request = new DropInRequest(door, exec);
    const answer = request.upgrade(v5);
    await relay.clock.advance(10);
    request.leave();
    expect(statusOf(await answer)).toMatchObject({ http: 503 });
    relay.opener.release();
    await relay.clock.advance(100);
    expect(relay.opener.upstream.closed).toBe(true);

    const stuck = await openSocket(relay, door, exec, v5);
    relay.opener.upstream.full = true;
    stuck.events.message(input('x'.repeat(300_000)));
    await relay.clock.advance(100);
    stuck.request.leave();
    await relay.clock.advance(40_000);
    expect(relay.opener.upstream.closed).toBe(true);
    expect(door.gauges().map(({ value }) => value)).toStrictEqual(door.gauges().map(() => 0));
  });

  it('[DI6] says of what broke that it is not whole: an error on channel 3, an abnormal close, a body that is cut', async () => {
    for (const subprotocol of [v5, 'channel.k8s.io', 'binary.k8s.io', 'none']) {
      await using relay = await TestRelay.start();
      const door = dropInDoor(relay);
      const isLog = subprotocol === 'binary.k8s.io' || subprotocol === 'none';
      const body = new FakeBody();
      let opened: Awaited<ReturnType<typeof openSocket>> | undefined;
      if (subprotocol === 'none') {
        const answer = new DropInRequest(door, log).http();
        await relay.clock.advance(10);
        const response = await answer;
        if ('start' in response) response.start(body);
      } else opened = await openSocket(relay, door, isLog ? log : exec, subprotocol);
      relay.opener.upstream.print('before');
      await relay.clock.advance(10);
      relay.opener.upstream.end({ kind: 'broken', message: 'It broke.', reason: 'silent' });
      await relay.clock.advance(100);
      if (subprotocol === 'none') expect([body.all, body.ended]).toStrictEqual(['before', 'cut']);
      else if (subprotocol === v5) {
        expect(JSON.parse(opened?.socket.text(3) ?? '')).toMatchObject({ status: 'Failure', reason: 'InternalError', code: 500 });
        expect(opened?.socket.closed?.code).toBe(1000);
      } else {
        expect(opened?.socket.closed).toStrictEqual({ code: 1011, reason: 'It broke.' });
      }
    }
  });

  it('[DI6] an edge that dies takes its sessions with it', async () => {
    await using relay = await TestRelay.start();
    const tools = relay.edgeTools('edge-d');
    await openSocket(relay, dropInDoor(relay, tools), exec, v5);
    await tools.broker.close();
    await relay.clock.advance(30_000);
    expect(relay.opener.upstream.closed).toBe(false);
    await relay.clock.advance(90_000);
    expect(relay.opener.upstream.closed).toBe(true);
  });

  it('[DI6] a client whose worker dies is told so', async () => {
    await using relay = await TestRelay.start({ workers: 0 });
    const first = await relay.worker('worker-0');
    const { socket } = await openSocket(relay, dropInDoor(relay), exec, v5);
    await relay.worker('worker-1');
    await first.kill();
    await relay.clock.advance(40_000);
    expect(JSON.parse(socket.text(3))).toMatchObject({ reason: 'InternalError', message: expect.stringContaining('worker') });
    expect(socket.closed?.code).toBe(1000);
  });

  it('[DI6] does not go on behind a gap or a rewind, and ends the session', async () => {
    for (const happens of ['gap', 'rewound', 'gap before it is answered'] as const) {
      await using relay = await TestRelay.start();
      const { shared, ...tools } = relay.edgeTools('edge-d');
      const { channels, reads, rings } = shared;
      const target = { kind: 'exec', cluster: 'c', namespace: 'n', pod: 'p', container: '', command: ['sh'], tty: false } as const;
      const session = new DropInSession(
        { target, subject: 'ann', user: 'ann', credential: '' },
        { ...tools, channels, reads, rings },
        () => {},
      );
      const opening = session.open();
      await relay.clock.advance(10);
      expect(await opening).toBeUndefined();
      const ends: EndReason[] = [];
      if (happens === 'gap before it is answered') session.gap({ sizeBytes: 5 });
      session.start({
        output: (_bytes, _source, taken) => taken(),
        end: (end) => ends.push(end),
        say() {},
        hold() {},
        bufferedBytes: () => 0,
      });
      relay.opener.upstream.print('before');
      await relay.clock.advance(10);
      if (happens === 'gap') session.gap({ sizeBytes: 5 });
      if (happens === 'rewound') session.rewound();
      expect(ends).toMatchObject([{ kind: 'broken', reason: 'output-lost' }]);
      relay.opener.upstream.print('after');
      await relay.clock.advance(100);
      expect(relay.opener.upstream.closed).toBe(true);
    }
  });

  it('[DI7] wants to know who asks, from a header or from among the subprotocols, and tells nobody', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    const bearer = (token: string) => `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;
    for (const [headers, offered] of [
      [{}, [v5]],
      [{ authorization: 'Bearer wrong' }, [v5]],
      [{}, [bearer('ann')]],
      [{}, [v5, bearer('ann'), bearer('eve')]],
      [{}, [v5, `${bearer('ann')}=`]],
    ] as const) {
      expect(statusOf(await new DropInRequest(door, exec, headers).upgrade(...offered))).toMatchObject({
        http: 401,
        reason: 'Unauthorized',
      });
    }
    const answer = new DropInRequest(door, exec, {}).upgrade(bearer('ann'), v4);
    await relay.clock.advance(10);
    expect(await answer).toMatchObject({ subprotocol: v4 });
    expect(relay.server.ofSubject('ann', 5)).toHaveLength(1);
    for (const name of ['impersonate-user', 'impersonate-group', 'impersonate-uid']) {
      const asOther = { authorization: 'Bearer ann', [name]: 'root' };
      expect(statusOf(await new DropInRequest(door, exec, asOther).upgrade(v4))).toMatchObject({ http: 403 });
      expect(statusOf(await new DropInRequest(door, log, asOther).http())).toMatchObject({ http: 403 });
    }
    const foreign = { authorization: 'Bearer ann', host: 'relay', origin: 'https://evil.example' };
    expect(statusOf(await new DropInRequest(door, exec, foreign).upgrade(v4))).toMatchObject({ http: 403, message: 'origin not allowed' });
  });

  it('[DI8] streams a log as text, until it ends', async () => {
    await using relay = await TestRelay.start();
    const answer = new DropInRequest(dropInDoor(relay), log).http();
    await relay.clock.advance(10);
    const response = await answer;
    if (!('start' in response)) throw new Error('no stream');
    expect(response).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' } });
    const body = new FakeBody();
    response.start(body);
    relay.opener.upstream.print('line 1\n');
    await relay.clock.advance(10);
    expect(body.all).toBe('line 1\n');
    relay.opener.upstream.print('line 2');
    relay.opener.upstream.end({ kind: 'completed', message: '' });
    await relay.clock.advance(10);
    expect([body.all, body.ended]).toStrictEqual(['line 1\nline 2', 'whole']);
  });

  it('answers balancers, who have no credential', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay, { health: healthRoutes(() => 'it is going away') });
    expect(await new DropInRequest(door, '/healthz', {}).http()).toMatchObject({ status: 200 });
    expect(await new DropInRequest(door, '/readyz', {}).http()).toMatchObject({ status: 503 });
    expect(statusOf(await new DropInRequest(door, '/api/v1/nodes').http())).toMatchObject({ http: 404, kind: 'Status' });
  });

  it('[FC7] counts with the other doors of its edge, and names the limit', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay, {}, { maxSubjectSockets: 1 });
    const { request } = await openSocket(relay, door, exec, v5);
    const again = () => new DropInRequest(door, exec).upgrade(v5);
    expect(statusOf(await again())).toMatchObject({ http: 429, message: expect.stringContaining('subject-sockets') });
    request.leave();
    const let1 = again();
    await relay.clock.advance(10);
    expect(await let1).toMatchObject({ subprotocol: v5 });
  });

  it('[ED3] takes nothing new while it drains, and ends what is left with a word', async () => {
    await using relay = await TestRelay.start();
    const door = dropInDoor(relay);
    const { socket } = await openSocket(relay, door, exec, v5);
    const drained = door.drain(1_000);
    expect(statusOf(await new DropInRequest(door, exec).upgrade(v5))).toMatchObject({ http: 503 });
    await relay.clock.advance(1_100);
    await drained;
    const closed = door.close();
    await relay.clock.advance(1_000);
    await closed;
    expect(JSON.parse(socket.text(3))).toMatchObject({ status: 'Failure', message: expect.stringContaining('going away') });
    expect(relay.opener.upstream.closed).toBe(true);
  });
});
