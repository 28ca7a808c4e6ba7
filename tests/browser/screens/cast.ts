import type { Browser, BrowserContextOptions, Page } from '@playwright/test';
import { type Person, register } from '../support/people.ts';
import type { Relay } from '../support/relay.ts';

const DESKTOP = { width: 1440, height: 900 };

/** A browser of somebody, open at a page that shows nothing yet. */
export async function visitor(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: DESKTOP, locale: 'en-GB', ...options });
  return context.newPage();
}

/** How a device introduces itself to the relay. */
export const DEVICES = {
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
  firefox: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
};

/** Who talks in the pictures: names in two scripts, with an emoji, and longer than there is room. */
export const CAST = {
  mira: { username: 'mira', password: 'violet-otter-paper-lantern', displayName: 'Mira Steinbach' },
  jonas: { username: 'jonas', password: 'copper-river-quiet-window', displayName: 'Jonas Weberknecht' },
  amira: { username: 'amira', password: 'seven-bright-olive-boats', displayName: 'أميرة حدّاد' },
  zoe: { username: 'zoe.k', password: 'ten-wooden-garden-chairs', displayName: 'Zoë 🌻 Karagiannopoulou' },
};

/** Who has an account and is not there. */
export const OTHERS = ['tomasz', 'priya', 'ines.b', 'okonkwo', 'wei-lin', 'henrik'];

/** Somebody who makes an account and leaves. */
export async function registerAndLeave(browser: Browser, relay: Relay, username: string): Promise<Person> {
  const page = await visitor(browser, { userAgent: DEVICES.firefox });
  const who = { username, password: `${username}-likes-blue-ladders`, displayName: '' };
  const person = await register(page, relay.url, who);
  // The account is made once the page shows something else than the form.
  await page.getByRole('button', { name: 'New room' }).or(page.getByText('Almost there')).first().waitFor();
  await page.context().close();
  return person;
}

type Name = keyof typeof CAST;

/** What is said in the room of the pictures, oldest first. */
export const TALK: readonly (readonly [Name, string])[] = [
  ['mira', 'Morning! The boat is in, and there is fish for twelve tonight.'],
  ['jonas', 'I can cook from five. Who brings bread?'],
  ['amira', 'صباح الخير! سأحضر الخبز والزيتون، وأصل حوالي الساعة السادسة.'],
  ['zoe', '🐟🍋🌿'],
  ['zoe', 'I have lemons, thyme and the big pan. Also: who has the key to the cold room?'],
  ['mira', 'The key hangs behind the door, under the chart of the bay.'],
  [
    'jonas',
    'For the sign at the pier, if it fits: Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft',
  ],
  ['mira', 'The recipe: https://example.org/kitchen/2026/grilled-sea-bream-with-lemon-and-thyme'],
  ['amira', 'I will bring my grandmother’s spice mix as well 👏'],
  ['mira', 'Plan for tonight:\n17:00 fire and tables\n18:00 bread, olives, salad\n19:00 fish'],
  ['jonas', 'Perfect. See you at five 👍'],
];
