import type { Person, Role, Room } from '../engine/api';

/** What the account may do in a room. Every client checks the same, so this only decides what is offered. */
export interface Rights {
  role: Role;
  /** Name, topic and picture. */
  edit: boolean;
  /** Ways in. */
  doors: boolean;
  /** What newcomers read, and how long messages stay. */
  rules: boolean;
  /** Who is what. */
  roles: boolean;
}

/** Two people in a room of their own have no roles: both change what there is to change. */
export function rightsIn(room: Room): Rights {
  const role = room.people.find((person) => person.own)?.role ?? 'former';
  const group = room.peer == null;
  const owner = role === 'owner';
  const moderator = owner || role === 'moderator';
  return { role, edit: moderator && group, doors: moderator && group, rules: owner, roles: owner && group };
}

/** Whether the account may put this member out. */
export function mayRemove(room: Room, person: Person): boolean {
  const { role } = rightsIn(room);
  if (room.peer != null || person.own || person.role === 'former') return false;
  return role === 'owner' || (role === 'moderator' && person.role === 'member');
}

/** Whether others would be left without an owner if the account went. */
export function needsHeir(room: Room): boolean {
  const { role } = rightsIn(room);
  const others = room.people.filter((person) => !person.own && person.role !== 'former');
  if (room.peer != null || role !== 'owner' || others.length === 0) return false;
  return !others.some((person) => person.role === 'owner');
}

/** Whether everybody else here was compared by another way than the relay. */
export function allVerified(room: Room): boolean {
  const others = room.people.filter((person) => !person.own && person.role !== 'former');
  return others.length > 0 && others.every((person) => person.identity.type === 'verified');
}
