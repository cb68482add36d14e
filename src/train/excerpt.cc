// SPDX-License-Identifier: Apache-2.0
#include "train/excerpt.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace antiphon::train {
namespace {

using tokens::EventType;
using tokens::GridNote;
using tokens::GridPart;
using tokens::GridScore;
using tokens::Role;

std::size_t pick(Random& random, std::size_t bound) {
  return static_cast<std::size_t>(random.below(bound));
}
bool chance(Random& random, double p) { return random.uniform() < p; }

void shuffle(std::vector<std::size_t>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[pick(random, i)]);
}

// Which parts play, in the order of their slots.
std::vector<std::size_t> draw_parts(const GridScore& score, Random& random) {
  std::vector<std::size_t> parts(score.parts.size());
  std::iota(parts.begin(), parts.end(), std::size_t{0});
  const bool too_many = parts.size() > tokens::max_slots;
  if (too_many || (parts.size() > 2 && chance(random, 0.25))) {
    const std::size_t melody = melody_of(score);
    const std::size_t most = std::min<std::size_t>(parts.size(), tokens::max_slots);
    const std::size_t count = too_many && chance(random, 0.6) ? most : 2 + pick(random, most - 1);
    shuffle(parts, random);
    // The melody mostly stays: music without it is another music.
    if (chance(random, 0.8)) {
      std::iter_swap(parts.begin(), std::find(parts.begin(), parts.end(), melody));
    }
    parts.resize(count);
    std::sort(parts.begin(), parts.end());
  }
  if (chance(random, 0.3)) shuffle(parts, random);
  return parts;
}

std::vector<Role> draw_roles(const GridScore& score, Random& random) {
  std::vector<Role> roles(score.parts.size(), Role::ai);
  const double u = random.uniform();
  if (roles.size() == 1) {
    if (u < 0.25) roles[0] = Role::human;
  } else if (u < 0.60) {
    roles[melody_of(score)] = Role::human;
  } else if (u < 0.75) {
    roles[pick(random, roles.size())] = Role::human;
  } else if (u < 0.85) {
    for (Role& role : roles) role = chance(random, 0.5) ? Role::human : Role::ai;
  } else if (u < 0.92) {
    const std::size_t ai = pick(random, roles.size());
    for (std::size_t i = 0; i < roles.size(); ++i) roles[i] = i == ai ? Role::ai : Role::human;
  }
  return roles;
}

// Up or down all together, and the keys with it.
void transpose(GridScore& score, int semitones) {
  for (GridPart& part : score.parts) {
    if (part.drums) continue;
    for (GridNote& note : part.notes)
      note.pitch = static_cast<std::uint8_t>(note.pitch + semitones);
  }
  for (auto& change : score.keys) change.value = music::transposed(change.value, semitones);
}

void transpose_at_random(GridScore& score, Random& random) {
  int low = 127, high = 0;
  for (const GridPart& part : score.parts) {
    if (part.drums) continue;
    for (const GridNote& note : part.notes) {
      low = std::min<int>(low, note.pitch);
      high = std::max<int>(high, note.pitch);
    }
  }
  const int semitones = static_cast<int>(random.below(12)) - 5;
  if (low + semitones < 0 || high + semitones > 127) return;
  if (semitones != 0) transpose(score, semitones);
}

void forget_some(tokens::Header& header, Random& random) {
  if (chance(random, 0.3)) header.style = tokens::Style::unknown;
  if (chance(random, 0.3)) header.bpm.reset();
  if (chance(random, 0.1)) header.meters.clear();
  if (chance(random, 0.35)) header.keys.clear();
  const bool no_density = chance(random, 0.35);
  const bool no_polyphony = chance(random, 0.35);
  for (tokens::Slot& slot : header.slots) {
    if (no_density || chance(random, 0.1)) slot.density = 0;
    if (no_polyphony || chance(random, 0.1)) slot.polyphony = 0;
    if (slot.instrument != tokens::instrument_drums && chance(random, 0.05)) {
      slot.instrument = tokens::instrument_unknown;
    }
  }
}

std::size_t notes_between(const GridScore& score, std::int32_t from, std::int32_t to) {
  std::size_t notes = 0;
  for (const GridPart& part : score.parts) {
    const auto before = [](const GridNote& note, std::int32_t at) { return note.onset < at; };
    const auto first = std::lower_bound(part.notes.begin(), part.notes.end(), from, before);
    notes +=
        static_cast<std::size_t>(std::lower_bound(first, part.notes.end(), to, before) - first);
  }
  return notes;
}

// Where an excerpt of at least `events` events may end: a bound that keeps the rest of a long piece
// from being encoded in vain.
std::int32_t end_for(const GridScore& score, std::int32_t from, std::size_t events) {
  const std::int32_t end = score.end();
  std::int32_t span = 48;
  while (from + span < end && notes_between(score, from, from + span) < events) span *= 2;
  // A span whose notes suffice, and a bar or two for the releases of its last ones.
  return from + span >= end ? end : from + span + 192;
}

// The start of a bar that a random note stands in, or the start of the piece.
std::int32_t draw_start(const GridScore& score, Random& random) {
  if (chance(random, 0.25)) return 0;
  std::size_t total = 0;
  for (const GridPart& part : score.parts) total += part.notes.size();
  if (total == 0) return 0;
  std::size_t chosen = pick(random, total);
  std::int32_t at = 0;
  for (const GridPart& part : score.parts) {
    if (chosen < part.notes.size()) {
      at = part.notes[chosen].onset;
      break;
    }
    chosen -= part.notes.size();
  }
  return bar_at(score.meters, at).start;
}

// Asks for `event` after the step that was pushed last.
void predict(const tokens::Event& event, const tokens::EventStream& stream, Batch& batch) {
  batch.predicted_from.push_back(static_cast<std::int32_t>(batch.input.size()) - 1);
  const auto targets = tokens::targets_of(event);
  for (std::size_t field = 0; field < targets.size(); ++field) {
    batch.targets[field].push_back(targets[field]);
  }
  tokens::Rows rows;
  stream.after_shift(event, rows);
  batch.conditions[0].push(rows.view());
  stream.after_voice(event, rows);
  batch.conditions[1].push(rows.view());
  rows.clear();
  if (targets[tokens::field_pitch] >= 0) stream.after_pitch(event, rows);
  batch.conditions[2].push(rows.view());
  rows.clear();
  if (targets[tokens::field_duration] >= 0) stream.after_duration(event, rows);
  batch.conditions[3].push(rows.view());
  batch.notes += event.type == EventType::note || event.type == EventType::onset;
}

}  // namespace

double melody_likeness(const GridPart& part) {
  if (part.drums || part.notes.empty()) return 0;
  double pitch = 0;
  std::size_t onsets = 0;
  for (std::size_t i = 0; i < part.notes.size(); ++i) {
    pitch += part.notes[i].pitch;
    onsets += i == 0 || part.notes[i].onset != part.notes[i - 1].onset;
  }
  const auto count = static_cast<double>(part.notes.size());
  const double alone = static_cast<double>(onsets) / count;  // 1: never two notes at once.
  const double length = part.notes.back().end() - part.notes.front().onset;
  const double busy = std::min(1.0, static_cast<double>(onsets) * 24.0 / std::max(length, 1.0));
  const double voice = part.program >= 52 && part.program <= 54 ? 0.5 : 0.0;
  return std::max(0.01, (pitch / count - 36.0) / 48.0) * alone * alone * (0.5 + 0.5 * busy) + voice;
}

std::size_t melody_of(const GridScore& score) {
  assert(!score.parts.empty());
  std::size_t best = 0;
  double most = -1;
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    const double likeness = melody_likeness(score.parts[i]);
    if (likeness > most) most = likeness, best = i;
  }
  return best;
}

void split_top_line(GridScore& score) {
  if (score.parts.empty() || score.parts.size() >= tokens::max_slots) return;
  const auto busiest = std::max_element(
      score.parts.begin(), score.parts.end(),
      [](const auto& a, const auto& b) { return a.notes.size() < b.notes.size(); });
  if (busiest->drums || tokens::polyphony_class(*busiest) < 2) return;
  GridPart top{busiest->name, busiest->program, false, {}};
  GridPart rest = top;
  const auto& notes = busiest->notes;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    const bool highest = i + 1 == notes.size() || notes[i + 1].onset != notes[i].onset;
    const bool beneath = !top.notes.empty() && top.notes.back().end() > notes[i].onset &&
                         top.notes.back().pitch > notes[i].pitch;
    (highest && !beneath && notes[i].pitch >= 55 ? top : rest).notes.push_back(notes[i]);
  }
  if (top.notes.empty() || rest.notes.empty()) return;
  *busiest = std::move(rest);
  score.parts.insert(score.parts.begin(), std::move(top));
}

Excerpt draw_excerpt(const Piece& piece, std::size_t max_steps, Random& random) {
  const GridScore& whole = piece.score;
  const std::int32_t from = draw_start(whole, random);
  // Only the stretch is copied: the rest of a symphony would be copied in vain.
  const std::int32_t to = end_for(whole, from, max_steps);
  GridScore score{whole.bpm, whole.meters, whole.keys, {}};
  std::vector<tokens::Slot> measured;
  for (const std::size_t i : draw_parts(whole, random)) {
    const GridPart& part = whole.parts[i];
    GridPart copy{part.name, part.program, part.drums, {}};
    for (const GridNote& note : part.notes) {
      if (note.onset >= from && note.onset < to) copy.notes.push_back(note);
    }
    score.parts.push_back(std::move(copy));
  }
  if (score.parts.size() == 1 && chance(random, 0.6)) split_top_line(score);
  transpose_at_random(score, random);
  const std::vector<Role> roles = draw_roles(score, random);

  Excerpt excerpt;
  excerpt.from = from;
  // `end` is said only where the piece ends.
  const bool to_the_end = to >= whole.end();
  excerpt.events = tokens::encode(score, roles, from, to);
  if (!to_the_end && !excerpt.events.empty() &&
      excerpt.events.back().type == tokens::EventType::end) {
    excerpt.events.pop_back();
  }
  const std::size_t room = max_steps - std::min(max_steps, 1 + score.parts.size());
  if (excerpt.events.size() > room) {
    excerpt.events.resize(room);
    // The header tells of what is there.
    std::int32_t last = from;
    for (const tokens::Event& event : excerpt.events) last += event.shift;
    for (GridPart& part : score.parts)
      std::erase_if(part.notes, [last](const GridNote& note) { return note.onset > last; });
  }
  excerpt.header = tokens::header_of(score, roles, piece.style);
  forget_some(excerpt.header, random);
  return excerpt;
}

GridScore evaluation_score(const Piece& piece, std::vector<Role>& roles) {
  GridScore score = piece.score;
  if (score.parts.size() > tokens::max_slots) {
    const std::size_t melody = melody_of(score);
    if (melody >= tokens::max_slots) std::swap(score.parts[melody], score.parts[0]);
    score.parts.resize(tokens::max_slots);
  }
  if (score.parts.size() == 1) split_top_line(score);
  roles.assign(score.parts.size(), Role::ai);
  if (score.parts.size() > 1) roles[melody_of(score)] = Role::human;
  return score;
}

void append(const Excerpt& excerpt, Batch& batch) {
  const auto length = static_cast<std::size_t>(batch.length);
  const std::size_t begin = batch.input.size();
  const auto first = static_cast<std::int32_t>(begin % length);
  std::size_t room = length - begin % length;
  tokens::EventStream stream(excerpt.header, excerpt.from);
  tokens::Rows rows;
  const auto push_step = [&] {
    batch.input.push(rows.view());
    batch.time.push_back(stream.now() - excerpt.from);
    batch.first.push_back(first);
    --room;
  };
  for (std::size_t step = 0; step < stream.header_steps() && room > 0; ++step) {
    stream.header_rows(step, rows);
    push_step();
  }
  if (batch.input.size() - begin < stream.header_steps()) return;
  for (std::size_t i = 0; i < excerpt.events.size(); ++i) {
    const tokens::Event& event = excerpt.events[i];
    // The last step of a row predicts too; only its own step needs room.
    if (excerpt.given.empty() || !excerpt.given[i]) predict(event, stream, batch);
    if (room == 0) return;
    stream.apply(event);
    stream.input_rows(rows);
    push_step();
  }
}

void finish_row(Batch& batch) {
  const auto length = static_cast<std::size_t>(batch.length);
  const auto first = static_cast<std::int32_t>(batch.input.size() % length);
  while (batch.input.size() % length != 0) {
    batch.input.push({});
    batch.time.push_back(0);
    batch.first.push_back(first);
  }
}

}  // namespace antiphon::train
