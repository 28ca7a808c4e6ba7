import { expect, test } from '@playwright/test';
import { expectNoLeaks, type Needles } from '../support/leaks.ts';
import { Company, createRoom, invite, joinByLink, logIn, openRoom, register, send, texts } from '../support/people.ts';
import { Relay } from '../support/relay.ts';

const ROOM = 'Quiet Harbour Room';
const MESSAGES = {
  early: 'said before anybody else was here',
  hello: 'hello from the second browser',
  answer: 'and an answer from the first',
};

test('two people talk through a relay that stays blind, and a third profile finds everything', async () => {
  test.setTimeout(240_000);
  const relay = await Relay.start();
  const company = new Company();
  try {
    const mira = await company.open();
    const jonas = await company.open();
    const setup = await relay.setupLink();
    const one = await register(mira.page, setup, {
      username: 'mira',
      password: 'violet-otter-paper-lantern',
      displayName: 'Mira Steinbach',
    });
    const two = await register(jonas.page, relay.url, {
      username: 'jonas',
      password: 'copper-river-quiet-window',
      displayName: 'Jonas Weberknecht',
    });

    await createRoom(mira.page, ROOM);
    await send(mira.page, MESSAGES.early);
    const link = await invite(mira.page);
    await joinByLink(jonas.page, link, ROOM);
    await expect(texts(jonas.page)).toHaveText([MESSAGES.early]);

    await send(jonas.page, MESSAGES.hello);
    await expect(texts(mira.page)).toHaveText([MESSAGES.early, MESSAGES.hello]);
    await send(mira.page, MESSAGES.answer);
    const all = Object.values(MESSAGES);
    await expect(texts(jonas.page)).toHaveText(all);
    await expect(jonas.page.getByText(one.displayName).first()).toBeVisible();

    await test.step('a reload shows the same', async () => {
      await jonas.page.reload();
      await expect(texts(jonas.page)).toHaveText(all);
      await jonas.close();
      await jonas.reopen();
      await jonas.page.goto(relay.url);
      await openRoom(jonas.page, ROOM);
      await expect(texts(jonas.page)).toHaveText(all);
    });

    const errors = [...mira.errors, ...jonas.errors];
    await mira.close();
    await jonas.close();
    const third = await company.open();
    await logIn(third.page, relay, two);
    await openRoom(third.page, ROOM);
    await expect(texts(third.page)).toHaveText(all);
    expect([...errors, ...third.errors]).toEqual([]);

    await test.step('nothing that is secret reached the relay', async () => {
      await relay.stop();
      const joinBytes = Buffer.from(new URL(link).hash.replace('#/join/', ''), 'base64url');
      const needles: Needles = {
        'room name': ROOM,
        ...MESSAGES,
        // Version and room id come first and are no secret; the seed follows.
        'seed of the link': joinBytes.subarray(17, 49),
      };
      for (const who of [one, two]) {
        needles[`password of ${who.username}`] = who.password;
        needles[`display name of ${who.username}`] = who.displayName;
        needles[`recovery key of ${who.username}`] = who.recoveryKey;
      }
      expectNoLeaks([relay.data, relay.log], needles);
      // The relay prints the setup link for its operator, and keeps only a hash.
      expectNoLeaks([relay.data], { 'setup token': new URL(setup).hash.replace('#/setup/', '') });
    });
  } finally {
    await company.dispose();
    await relay.dispose();
  }
});
