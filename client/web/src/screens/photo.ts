// SPDX-License-Identifier: Apache-2.0
/*
 * screens/photo.ts - the agent asked for a photo: from the camera that runs, or taken and chosen here, which also serves a
 * browser that gives no camera. The person sees it, may black out parts of it, and sends it or not.
 */
import { Photo } from '../camera/photo.js';
import type { Studio } from '../camera/studio.js';
import { announce } from '../ui/announce.js';
import { button, h, plain, setText } from '../ui/dom.js';
import type { Visit } from '../visit/visit.js';
import { t } from '../words/words.js';
import { MaskEditor } from './masks.js';

export class PhotoSheet {
  readonly content: HTMLElement;
  private readonly place = h('div', { class: 'picture photo', hidden: true });
  private readonly panel = h('div', {});
  private readonly error = h('p', { class: 'error', role: 'alert' });
  private readonly lead = h('p', {});
  private readonly file = h('input', { type: 'file', accept: 'image/*', id: 'photo-file', class: 'heard' });
  private readonly hide: HTMLButtonElement;
  private readonly again: HTMLButtonElement;
  private readonly send: HTMLButtonElement;
  private photo: Photo | undefined;
  private editor: MaskEditor | undefined;
  private closed = false;

  constructor(private readonly visit: Visit, private readonly studio: Studio) {
    const name = plain(visit.peer?.name ?? t('end.somebody'));
    this.hide = button(t('camera.hide'), () => this.editor?.toggle(), { class: 'button soft', id: 'photo-hide', 'aria-expanded': 'false', hidden: true }, 'mask');
    this.again = button(t('photo.again'), () => void this.fromCamera(), { class: 'button soft', id: 'photo-again', hidden: true }, 'camera');
    this.send = button(t('photo.send'), () => void this.sendIt(), { class: 'button answer', id: 'photo-send' });
    const choose = button(t('photo.choose'), () => this.file.click(), { class: 'button soft', id: 'photo-choose' }, 'camera');
    this.file.addEventListener('change', () => void this.fromFile());
    this.file.setAttribute('aria-label', t('photo.choose'));
    this.file.tabIndex = -1;
    setText(this.lead, t('photo.none', { name }));
    this.content = h('div', { class: 'photo-sheet' }, this.place, this.lead, this.panel,
      h('div', { class: 'row' }, this.hide, this.again, choose, this.file),
      h('p', { class: 'small' }, t('photo.clean')),
      h('div', { class: 'answers' }, this.error,
        button(t('photo.discard'), () => this.leave(false), { class: 'button answer', id: 'photo-discard' }), this.send));
    this.show();
    void this.fromCamera();
  }

  private async fromCamera(): Promise<void> {
    const bitmap = await this.studio.still();
    if (bitmap) this.take(new Photo(bitmap, this.studio.masks));
  }

  private async fromFile(): Promise<void> {
    const file = this.file.files?.[0];
    if (!file) return;
    this.file.value = '';
    try {
      this.take(new Photo(await createImageBitmap(file), { regions: [] }));
    } catch {
      setText(this.error, t('photo.noPicture'));
    }
  }

  private take(photo: Photo): void {
    if (this.closed) return photo.close();
    this.photo?.close();
    this.photo = photo;
    const overlay = h('div', { class: 'overlay' }), name = plain(this.visit.peer?.name ?? t('end.somebody'));
    photo.canvas.setAttribute('role', 'img');
    photo.canvas.setAttribute('aria-label', t('photo.preview', { name }));
    this.editor = new MaskEditor(photo, overlay, 'photo-hide', 'photo-mask');
    this.hide.setAttribute('aria-expanded', 'false');
    this.place.replaceChildren(photo.canvas, overlay);
    this.place.style.setProperty('--ratio', String(photo.canvas.width / photo.canvas.height));
    this.panel.replaceChildren(this.editor.panel);
    setText(this.error, '');
    setText(this.lead, t('photo.preview', { name }));
    this.show();
    announce(t('photo.ready'));
  }

  private show(): void {
    const there = this.photo !== undefined;
    this.place.hidden = this.hide.hidden = !there;
    this.again.hidden = !this.studio.seen;
  }

  private async sendIt(): Promise<void> {
    if (!this.photo) return setText(this.error, t('photo.first'));
    const still = await this.photo.encode();
    if (!still || this.closed) return setText(this.error, t('photo.tooLarge'));
    const err = this.visit.sendStill(still);
    if (err !== 'OK') this.visit.discardStill(true);
    else announce(t('photo.onItsWay'));
    this.close();
  }

  private leave(failed: boolean): void {
    this.visit.discardStill(failed);
    announce(t('photo.notSent'));
    this.close();
  }

  close(): void {
    this.closed = true;
    this.photo?.close();
    this.photo = undefined;
  }
}
