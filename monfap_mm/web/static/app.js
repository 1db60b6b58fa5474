// Pictures go to the server one after the other, each as the body of a request of its own; cards show the answers.
// Whatever comes from a file or the server enters the page as text, never as markup.

const MAX_REGIONS = 30;
const find = (name, from = document) => from.querySelector(name);
const settings = fetch('settings').then((response) => response.json());
const waiting = [];
let working = false;
let count = 0;

function addFiles(files) {
  for (const file of files) {
    const card = makeCard(file);
    find('#cards').append(card);
    waiting.push({ file, card });
  }
  find('#clear').hidden = !find('#cards').children.length;
  work();
}

// One at a time, so that the pictures of one user leave room for those of another.
async function work() {
  if (working) return;
  working = true;
  while (waiting.length) {
    const { file, card } = waiting.shift();
    if (card.isConnected) await answer(file, card);
  }
  working = false;
}

async function answer(file, card) {
  find('.again', card).hidden = true;
  showMessage(card, 'Predicting', false);
  try {
    await checkSize(file);
    const response = await send(file);
    const values = await response.json().catch(() => ({ error: `The server failed (${response.status}).` }));
    if (response.ok) showAnswer(card, file, values);
    else fail(card, file, values.error, response.status === 503);
  } catch (error) {
    fail(card, file, error.message, error.again);
  }
}

async function checkSize(file) {
  const { max_bytes: most } = await settings.catch(() => ({ max_bytes: Infinity }));
  if (file.size > most) throw new Error(`The file has ${mebibytes(file.size)} MiB, more than ${mebibytes(most)} MiB.`);
}

async function send(file) {
  try {
    return await fetch(`predict?name=${encodeURIComponent(file.name)}`, { method: 'POST', body: file });
  } catch {
    throw Object.assign(new Error('The file cannot be read, or the server does not answer.'), { again: true });
  }
}

function fail(card, file, reason, again) {
  showMessage(card, reason, true);
  const button = find('.again', card);
  button.hidden = !again;
  button.onclick = () => {
    waiting.push({ file, card });
    showMessage(card, 'Waiting', false);
    work();
  };
  announce(`${file.name}: no answer. ${reason}`);
}

function makeCard(file) {
  const card = find('#card').content.firstElementChild.cloneNode(true);
  find('h2', card).textContent = file.name;
  count += 1;
  for (const radio of card.querySelectorAll('[type=radio]')) radio.name = `overlay-${count}`;
  return card;
}

function showMessage(card, text, isError) {
  const message = find('.message', card);
  message.textContent = text;
  message.hidden = !text;
  card.classList.toggle('error', isError);
  card.classList.toggle('busy', Boolean(text) && !isError);
}

function showAnswer(card, file, { answer, ...pictures }) {
  const { label, score, faces } = answer;
  showMessage(card, '', false);
  card.classList.add(label);
  showScore(card, answer);
  showPictures(card, file, answer, pictures);
  showRegions(card, answer);
  const note = find('.note', card);
  note.textContent = answer.note;
  note.hidden = !answer.note;
  find('.download', card).onclick = () => download(`${file.name}.json`, answer);
  find('.answer', card).hidden = false;
  announce(`${file.name}: ${label}, P(fake) ${score.toFixed(3)}, ${regions(faces.length)}.`);
}

async function showScore(card, { label, score, faces }) {
  const verdict = find('.verdict', card);
  verdict.textContent = label;
  verdict.hidden = false;
  find('output', card).textContent = score.toFixed(3);
  find('.fill', card).style.width = `${100 * score}%`;
  const { threshold } = await settings;
  find('.threshold', card).style.left = `${100 * threshold}%`;
  const disagree = (label === 'fake') !== faces.length > 0;
  find('.hint', card).textContent = `Called fake above ${threshold}.${
    disagree ? ' Score and mask are two answers of the model; here they disagree.' : ''}`;
}

async function showPictures(card, file, { size, label, faces }, { picture, mask, heat }) {
  const [height, width] = size;
  find('.stage', card).style.setProperty('--ratio', width / height);
  find('.picture', card).src = picture;
  find('.picture', card).alt = `${file.name}, called ${label}, ${regions(faces.length)}`;
  const overlay = find('.overlay', card);
  const opacity = find('.opacity', card);
  const update = () => {
    const layer = find('[type=radio]:checked', card).value;
    overlay.src = { mask, heat }[layer];
    overlay.style.opacity = opacity.value / 100;
    find('.scale', card).hidden = layer !== 'heat';
    find('.boxes', card).hidden = !find('.numbers', card).checked;
  };
  find('fieldset', card).oninput = update;
  update();
  find('.scale img', card).src = (await settings).heat_scale;
}

function showRegions(card, { faces, size }) {
  find('table', card).hidden = !faces.length;
  const more = faces.length > MAX_REGIONS ? `; the ${MAX_REGIONS} largest are shown, the JSON has all` : '';
  find('caption', card).textContent = regions(faces.length) + more;
  faces.slice(0, MAX_REGIONS).forEach((face, index) => {
    const [left, top, right, bottom] = face.box;
    const box = makeBox(index + 1, face.box, size);
    find('.boxes', card).append(box);
    const row = find('tbody', card).insertRow();
    const values = [face.score.toFixed(3), face.area, `${left}, ${top}`, `${right - left} x ${bottom - top}`];
    row.insertCell().append(makeMarker(index + 1, row, box));
    for (const value of values) row.insertCell().textContent = value;
  });
}

function makeBox(number, [left, top, right, bottom], [height, width]) {
  const box = document.createElement('div');
  const tag = document.createElement('span');
  tag.textContent = number;
  box.append(tag);
  const percent = (value, whole) => `${(100 * value) / whole}%`;
  box.style.left = percent(left, width);
  box.style.top = percent(top, height);
  box.style.width = percent(right - left, width);
  box.style.height = percent(bottom - top, height);
  // The number stands above its box, or inside where there is no room.
  box.classList.toggle('high', top / height < 0.06);
  return box;
}

// A row of the table and its box light up together, by mouse and by keyboard.
function makeMarker(number, row, box) {
  const marker = document.createElement('button');
  marker.type = 'button';
  marker.textContent = number;
  marker.ariaLabel = `mark region ${number} in the picture`;
  marker.ariaPressed = 'false';
  marker.onclick = () => {
    marker.ariaPressed = String(box.classList.toggle('pinned'));
  };
  const light = (on) => () => box.classList.toggle('lit', on);
  row.onmouseenter = marker.onfocus = light(true);
  row.onmouseleave = marker.onblur = light(false);
  return marker;
}

function download(name, values) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(values)], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const announce = (text) => { find('#status').textContent = text; };
const regions = (number) => `${number || 'no'} region${number === 1 ? '' : 's'}`;
const mebibytes = (bytes) => Number((bytes / 2 ** 20).toPrecision(3));

find('#host').textContent = location.host;
find('#files').onchange = ({ target }) => {
  addFiles(target.files);
  target.value = ''; // so that the same file can be chosen again
};
find('#clear').onclick = () => {
  waiting.length = 0;
  find('#cards').replaceChildren();
  find('#clear').hidden = true;
  announce('All pictures are removed.');
  find('#files').focus();
};
// Anywhere on the page: beside the field, a browser would open the file in its place.
window.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
};
window.ondragleave = (event) => {
  if (!event.relatedTarget) document.body.classList.remove('dragging');
};
window.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  addFiles(event.dataTransfer.files);
};
settings.then(({ max_bytes: bytes, max_pixels: pixels, version, model }) => {
  find('#limits').textContent += `; up to ${mebibytes(bytes)} MiB and ${Math.round(pixels / 1e6)} million pixels`;
  find('#version').textContent = `monfap_mm ${version}, model ${model}`;
});
