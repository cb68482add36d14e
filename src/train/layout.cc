// SPDX-License-Identifier: Apache-2.0
#include "train/layout.h"

#include "crypto/hash.h"
#include "tokens/flat.h"
#include "train/batch.h"
#include "train/excerpt.h"

namespace antiphon::train {
namespace {

std::size_t fields_of(const tokens::Event& event) {
  std::size_t count = 0;
  for (const std::int16_t target : tokens::targets_of(event)) count += target >= 0;
  return count;
}

// What a compound model knows once field `field` of the event that `stream` comes to is chosen.
void add_told(tokens::EventStream& stream, const tokens::Event& event, int field, bool last,
              std::vector<std::uint16_t>& bag) {
  tokens::Rows rows;
  if (last) {
    stream.apply(event);
    stream.input_rows(rows);
    bag.insert(bag.end(), rows.view().begin(), rows.view().end());
    return;
  }
  if (field == tokens::field_shift) stream.after_shift(event, rows);
  if (field == tokens::field_voice) stream.after_voice(event, rows);
  if (field == tokens::field_pitch) stream.after_pitch(event, rows);
  if (field == tokens::field_duration) stream.after_duration(event, rows);
  for (const std::uint16_t row : rows.view()) {
    bag.push_back(static_cast<std::uint16_t>(tokens::flat_tokens() + row));
  }
}

void append_flat(const Excerpt& excerpt, Batch& batch, bool told) {
  const auto length = static_cast<std::size_t>(batch.length);
  const auto first = static_cast<std::int32_t>(batch.input.size() % length);
  std::size_t room = length - batch.input.size() % length;
  tokens::EventStream stream(excerpt.header, excerpt.from);
  const auto push_step = [&](std::span<const std::uint16_t> bag, std::int32_t time) {
    batch.input.push(bag);
    batch.time.push_back(time);
    batch.first.push_back(first);
    --room;
  };
  if (room < stream.header_steps()) return;
  tokens::Rows rows;
  for (std::size_t step = 0; step < stream.header_steps(); ++step) {
    stream.header_rows(step, rows);
    push_step(rows.view(), 0);
  }
  std::vector<std::uint16_t> bag;
  std::int32_t time = 0;
  for (const tokens::Event& event : excerpt.events) {
    const auto targets = tokens::targets_of(event);
    std::size_t left = fields_of(event);
    if (left > room) return;  // No note is said by half.
    time += event.shift;
    batch.notes += event.type == tokens::EventType::note || event.type == tokens::EventType::onset;
    for (int field = 0; field < tokens::field_count; ++field) {
      const std::int16_t target = targets[static_cast<std::size_t>(field)];
      if (target < 0) continue;
      batch.predicted_from.push_back(static_cast<std::int32_t>(batch.input.size()) - 1);
      for (int i = 0; i < tokens::field_count; ++i) {
        batch.targets[static_cast<std::size_t>(i)].push_back(i == field ? target : -1);
      }
      for (Bags& none : batch.conditions) none.push({});
      bag.assign(1, tokens::flat_token(field, target));
      --left;
      if (told) add_told(stream, event, field, left == 0, bag);
      push_step(bag, time);
    }
  }
}

}  // namespace

Shape with_vocabulary(Shape shape, std::uint32_t hidden, Layout layout) {
  shape = with_vocabulary(std::move(shape), hidden);
  if (layout == Layout::compound) return shape;
  const bool told = layout == Layout::flat_told;
  shape.input_rows = static_cast<std::uint32_t>(tokens::flat_tokens());
  if (told) shape.input_rows += tokens::condition::rows;
  shape.condition_rows = 1;  // Unused.
  shape.vocabulary =
      crypto::sha256_hex(as_bytes((told ? "flat, told: " : "flat: ") + tokens::vocabulary_json()));
  return shape;
}

Layout layout_of(const Shape& shape) {
  for (const Layout layout : {Layout::flat, Layout::flat_told}) {
    if (shape.vocabulary == with_vocabulary(Shape{}, 0, layout).vocabulary) return layout;
  }
  return Layout::compound;
}

std::size_t window_of(Layout layout, std::size_t length) {
  return layout == Layout::compound ? length : length / tokens::field_count;
}

std::size_t steps_of(const Excerpt& excerpt, Layout layout) {
  if (layout == Layout::compound) return excerpt.steps();
  std::size_t steps = 1 + excerpt.header.slots.size();
  for (const tokens::Event& event : excerpt.events) steps += fields_of(event);
  return steps;
}

void append(const Excerpt& excerpt, Batch& batch, Layout layout) {
  if (layout == Layout::compound) {
    append(excerpt, batch);
  } else {
    append_flat(excerpt, batch, layout == Layout::flat_told);
  }
}

}  // namespace antiphon::train
