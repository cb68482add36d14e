// SPDX-License-Identifier: Apache-2.0
#include "drawing/canvas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace antiphon::drawing {
namespace {

TEST(Canvas, FormatsAreKnownByTheEnding) {
  EXPECT_EQ(*format_of("a/b.SVG"), Format::svg);
  EXPECT_EQ(*format_of("b.png"), Format::png);
  EXPECT_FALSE(format_of("b.jpg"));
  EXPECT_FALSE(format_of("png"));
}

TEST(Canvas, APngHasTwoPixelsAPoint) {
  const auto png = draw(Format::png, 300, 200, [](Canvas&) {});
  ASSERT_TRUE(png);
  ASSERT_GT(png->size(), 24u);
  EXPECT_EQ(as_text(*png).substr(1, 3), "PNG");
  // Width and height are big-endian at 16 and 20.
  EXPECT_EQ((*png)[18] * 256 + (*png)[19], 600);
  EXPECT_EQ((*png)[22] * 256 + (*png)[23], 400);
}

TEST(Canvas, AnSvgIsWhole) {
  const auto svg = draw(Format::svg, 300, 200, [](Canvas& canvas) {
    canvas.fill({10, 10, 5, 5}, ink);
    canvas.text(20, 20, "Schöne Müllerin", {});
  });
  ASSERT_TRUE(svg);
  EXPECT_THAT(std::string(as_text(*svg)), testing::EndsWith("</svg>\n"));
}

TEST(Canvas, BytesThatArentTextDontSpoilThePicture) {
  for (const std::string_view bad : {"\xff\xfe", "\xc3", "a\xe2\x82", "\xed\xa0\x80",
                                     "\xf4\x90\x80\x80", "\xc0\x80", "\x01\n"}) {
    EXPECT_TRUE(draw(Format::svg, 100, 100, [&](Canvas& canvas) {
      canvas.text(0, 20, bad, {});
      canvas.text(0, 20, bad, {.max_width = 5});
    }));
  }
}

TEST(Canvas, LongTextIsCutToItsWidth) {
  const auto picture = draw(Format::svg, 100, 100, [](Canvas& canvas) {
    const std::string text(500, 'm');
    EXPECT_LE(canvas.width_of(text, {.max_width = 60}), 60);
    EXPECT_GT(canvas.width_of(text, {.max_width = 60}), 30);
    EXPECT_GT(canvas.width_of("mmm", {}), 10);
  });
  EXPECT_TRUE(picture);
}

TEST(Canvas, ColoursMixByShare) {
  const Colour grey = white.towards({0, 0, 0}, 0.5);
  EXPECT_DOUBLE_EQ(grey.red, 0.5);
  EXPECT_DOUBLE_EQ(Colour::rgb(0xff0000).red, 1);
  EXPECT_DOUBLE_EQ(Colour::rgb(0xff0000).blue, 0);
}

}  // namespace
}  // namespace antiphon::drawing
