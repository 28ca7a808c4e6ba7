import { mount } from 'svelte';
import AppView from './App.svelte';
import './base.css';
import { WorkerEngine } from './engine/client';
import { App } from './state/app.svelte';
import './tokens.css';

const target = document.getElementById('app');
if (!target) throw new Error('the page has no place for the app');

const app = new App(new WorkerEngine(), window);
mount(AppView, { target, props: { app } });
