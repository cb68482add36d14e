// SPDX-License-Identifier: Apache-2.0
#include "formats/text.h"

#include <gtest/gtest.h>

namespace antiphon::formats {
namespace {

TEST(Text, Utf8StaysAsItIs) { EXPECT_EQ(to_utf8("Dvo\xc5\x99\xc3\xa1k"), "Dvo\xc5\x99\xc3\xa1k"); }

TEST(Text, OtherBytesAreLatin1) { EXPECT_EQ(to_utf8("Faur\xe9"), "Faur\xc3\xa9"); }

TEST(Text, ASequenceCutShortIsNotUtf8) {
  EXPECT_TRUE(is_utf8("\xe2\x99\xaf"));
  EXPECT_FALSE(is_utf8("\xe2\x99"));
}

TEST(Text, ALoneContinuationIsNotUtf8) { EXPECT_FALSE(is_utf8("\x99")); }

TEST(Text, AnOverlongSlashIsNotUtf8) { EXPECT_FALSE(is_utf8("\xc0\xaf")); }

}  // namespace
}  // namespace antiphon::formats
