import { expect, test } from '@playwright/test';
import { answer, choose, message } from '../support/messages.ts';
import { composer, createRoom, invite, joinByLink, register, send } from '../support/people.ts';
import { Relay } from '../support/relay.ts';
import { Camera } from './camera.ts';
import { CAST, visitor } from './cast.ts';

// What people do with messages, in English and in German.

const ROOM = 'Harbour kitchen';

test('talking', async ({ browser }) => {
  const relay = await Relay.start({ environment: { WAXWING_NAME: 'Harbour relay' } });
  try {
    const camera = new Camera('5-talking');
    const mira = await visitor(browser);
    const jonas = await visitor(browser);
    await register(mira, await relay.setupLink(), CAST.mira);
    await register(jonas, relay.url, CAST.jonas);
    await createRoom(mira, ROOM);
    await joinByLink(jonas, await invite(mira), ROOM);
    const dialog = mira.getByRole('dialog');

    await send(mira, 'Supper is at six. **Bring spoons**, and `salt`:\n- bread\n- olives\n> as last week');
    await choose(mira, 'Supper', 'Pin');
    await answer(jonas, 'Supper', 'I have a crate of lemons. @Mira Steinbach, enough?');
    await send(mira, 'let crate = lemons.map((one) => one.juice()).join(" and ");\n'.repeat(2));
    await send(mira, `\`\`\`\n${'let crate = lemons.map((one) => one.juice()); '.repeat(4)}\n\`\`\``);
    await choose(mira, 'Supper', 'Edit');
    await composer(mira).fill('Supper is at seven. **Bring spoons**, and `salt`:\n- bread\n- olives');
    await composer(mira).press('Enter');
    await expect(message(mira, 'Supper').getByRole('button', { name: 'edited' })).toBeVisible();
    await send(jonas, 'Nobody should read this');
    await choose(jonas, 'Nobody should', 'Delete…');
    await jonas.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await mira.getByRole('button', { name: 'Ask a poll' }).click();
    await dialog.getByLabel('Question').fill('Which boat?');
    await dialog.getByLabel('Answer 1').fill('The red one');
    await dialog.getByLabel('Answer 2').fill('The one with the very long name that nobody remembers');
    await camera.take(mira, 'new-poll', dialog);
    await dialog.getByRole('button', { name: 'Ask', exact: true }).click();
    await expect(jonas.getByTestId('poll')).toBeVisible();
    await jonas.getByTestId('poll').getByText('The red one').click();
    await camera.take(mira, 'conversation', mira.getByTestId('poll'));
    for (const [choice, name] of [
      ['Forward…', 'forward'],
      ['Details', 'message-details'],
      ['Delete…', 'delete'],
    ] as const) {
      await choose(mira, 'Supper', choice);
      await camera.take(mira, name, dialog);
      await mira.keyboard.press('Escape');
    }
    await message(mira, 'Supper').getByRole('button', { name: 'edited' }).click();
    await camera.take(mira, 'earlier-versions', dialog);
    await mira.keyboard.press('Escape');
    await mira.getByRole('button', { name: 'New chat' }).click();
    await camera.take(mira, 'new-chat', dialog);
    await mira.keyboard.press('Escape');

    await mira.evaluate(() => localStorage.setItem('waxwing.language', 'de'));
    await mira.reload();
    await camera.take(mira, 'conversation-in-german', mira.getByTestId('poll'));
    await message(mira, 'Supper').hover();
    await message(mira, 'Supper').locator('[data-message-menu]').click();
    await camera.take(mira, 'menu-in-german', mira.getByRole('menu'), ['desktop']);
    await mira.keyboard.press('Escape');
    await mira.getByRole('button', { name: 'Details zum Raum' }).click();
    await camera.take(mira, 'details-in-german', mira.getByRole('complementary').last());
  } finally {
    await relay.dispose();
  }
});
