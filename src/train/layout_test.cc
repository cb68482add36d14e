// SPDX-License-Identifier: Apache-2.0
#include "train/layout.h"

#include <gtest/gtest.h>

#include "tokens/flat.h"
#include "tokens/stream.h"
#include "train/batch.h"
#include "train/excerpt.h"

namespace antiphon::train {
namespace {

// A human tune over an AI part's slow notes.
Excerpt duet() {
  tokens::GridScore score;
  score.meters = {{0, *music::Meter::of(3, 4)}};
  score.parts.resize(2);
  for (std::int32_t i = 0; i < 12; ++i) {
    score.parts[0].notes.push_back({i * 12, 12, static_cast<std::uint8_t>(67 + i % 7), 5});
    if (i % 3 == 0) score.parts[1].notes.push_back({i * 12, 36, 48, 4});
  }
  const std::vector<tokens::Role> roles = {tokens::Role::human, tokens::Role::ai};
  return {tokens::header_of(score, roles, tokens::Style::song), 0, tokens::encode(score, roles)};
}

Batch batch_of(const Excerpt& excerpt, Layout layout) {
  Batch batch;
  batch.sequences = 1;
  batch.length = 256;
  append(excerpt, batch, layout);
  return batch;
}

TEST(Layouts, AFlatBatchSaysTheTokensOfTheFlatPiece) {
  const Excerpt excerpt = duet();
  const Batch batch = batch_of(excerpt, Layout::flat);
  const tokens::FlatPiece flat = tokens::flatten(excerpt.header, excerpt.events, 0);
  const std::size_t header = 1 + excerpt.header.slots.size();
  ASSERT_EQ(batch.input.size() - header, flat.steps.size() - flat.events_begin);
  for (std::size_t i = header; i < batch.input.size(); ++i) {
    const tokens::FlatStep& step = flat.steps[flat.events_begin + i - header];
    ASSERT_EQ(batch.input.offsets[i + 1] - batch.input.offsets[i], 1);
    EXPECT_EQ(batch.input.rows[static_cast<std::size_t>(batch.input.offsets[i])], step.token);
    EXPECT_EQ(batch.time[i], step.time);
  }
}

TEST(Layouts, AFlatStepPredictsTheTokenAfterIt) {
  const Batch batch = batch_of(duet(), Layout::flat_told);
  for (std::size_t i = 0; i < batch.events(); ++i) {
    const auto next = static_cast<std::size_t>(batch.predicted_from[i]) + 1;
    int asked = 0;
    for (int field = 0; field < tokens::field_count; ++field) {
      const std::int32_t target = batch.targets[static_cast<std::size_t>(field)][i];
      if (target < 0) continue;
      ++asked;
      EXPECT_EQ(batch.input.rows[static_cast<std::size_t>(batch.input.offsets[next])],
                tokens::flat_token(field, target));
    }
    EXPECT_EQ(asked, 1);
  }
}

TEST(Layouts, AllAskForTheSameFieldsOfTheSameNotes) {
  const Excerpt excerpt = duet();
  const Batch compound = batch_of(excerpt, Layout::compound);
  for (const Layout layout : {Layout::flat, Layout::flat_told}) {
    const Batch flat = batch_of(excerpt, layout);
    EXPECT_EQ(flat.input.size(), steps_of(excerpt, layout));
    EXPECT_EQ(flat.notes, compound.notes);
    for (std::size_t field = 0; field < max_fields; ++field) {
      std::vector<std::int32_t> asked[2];
      for (const std::int32_t t : compound.targets[field]) {
        if (t >= 0) asked[0].push_back(t);
      }
      for (const std::int32_t t : flat.targets[field]) {
        if (t >= 0) asked[1].push_back(t);
      }
      EXPECT_EQ(asked[0], asked[1]);
    }
  }
}

// Were a told step one field ahead, it would give its own target away.
TEST(Layouts, WhatAFlatStepIsToldDoesNotDependOnLaterFields) {
  Excerpt excerpt = duet();
  const Batch before = batch_of(excerpt, Layout::flat_told);
  ASSERT_EQ(excerpt.events[0].type, tokens::EventType::note);
  excerpt.events[0].pitch = 50;
  const Batch after = batch_of(excerpt, Layout::flat_told);
  const auto until = before.input.offsets[3 + 2];  // Header, shift, voice.
  EXPECT_TRUE(std::equal(before.input.rows.begin(), before.input.rows.begin() + until,
                         after.input.rows.begin()));
  EXPECT_NE(before.input.rows[static_cast<std::size_t>(until)],
            after.input.rows[static_cast<std::size_t>(until)]);
}

TEST(Layouts, AShapeTellsItsLayout) {
  for (const Layout layout : {Layout::compound, Layout::flat, Layout::flat_told}) {
    EXPECT_EQ(layout_of(with_vocabulary(edge_shape(), 16, layout)), layout);
  }
}

}  // namespace
}  // namespace antiphon::train
