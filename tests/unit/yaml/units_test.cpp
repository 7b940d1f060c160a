// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace vigil::yaml {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration("0s").value(), 0s);
  EXPECT_EQ(parse_duration("500ms").value(), 500ms);
  EXPECT_EQ(parse_duration("30s").value(), 30s);
  EXPECT_EQ(parse_duration("5m").value(), 5min);
  EXPECT_EQ(parse_duration("2h").value(), 2h);
  EXPECT_EQ(parse_duration("7d").value(), 7 * 24h);
}

std::string duration_error(std::string_view text) {
  return parse_duration(text).error().message();
}

TEST(ParseDuration, RefusesANumberWithoutUnitAndSaysWhatWouldBeRight) {
  EXPECT_EQ(
      duration_error("30"),
      "'30' has no unit; a duration is a whole number with one of ms, s, m, h and d, such as 30s");
}

TEST(ParseDuration, SuggestsTheUnitThatWasMeant) {
  EXPECT_EQ(duration_error("30sec"), "'30sec' has an unknown unit; did you mean '30s'?");
  EXPECT_EQ(duration_error("5Minutes"),
            "'5Minutes' has an unknown unit; a duration is a whole number with one of ms, s, m, h "
            "and d, such as 30s");
  EXPECT_EQ(duration_error("5min"), "'5min' has an unknown unit; did you mean '5m'?");
  EXPECT_EQ(duration_error("10MiB"),
            "'10MiB' has an unknown unit; a duration is a whole number with one of ms, s, m, h and "
            "d, such as 30s");
}

TEST(ParseDuration, RefusesWhatIsNotOneWordOfNumberAndUnit) {
  for (const auto* text : {"", "s", "-5s", "1.5h", "30 s", " 30s", "soon", "+5s"}) {
    EXPECT_EQ(
        duration_error(text),
        shown(text) + " is not a duration: a whole number and its unit in one word, such as 30s");
  }
  EXPECT_FALSE(parse_duration("1h30m").ok());
  EXPECT_FALSE(parse_duration("0x10s").ok());
}

TEST(ParseDuration, RefusesWhatDoesNotFit) {
  EXPECT_EQ(duration_error("99999999999999999999s"), "'99999999999999999999s' is too large");
  EXPECT_TRUE(parse_duration("106751991d").ok());
  EXPECT_EQ(parse_duration("106751992d").error().code(), Errc::LimitExceeded);
}

TEST(ParseSize, ReadsEveryUnit) {
  EXPECT_EQ(parse_size("0B").value(), 0u);
  EXPECT_EQ(parse_size("512B").value(), 512u);
  EXPECT_EQ(parse_size("64KiB").value(), 65'536u);
  EXPECT_EQ(parse_size("10MiB").value(), 10'485'760u);
  EXPECT_EQ(parse_size("1GiB").value(), 1'073'741'824u);
}

TEST(ParseSize, RefusesOtherUnits) {
  EXPECT_EQ(parse_size("10MB").error().message(),
            "'10MB' has an unknown unit; did you mean '10MiB'?");
  EXPECT_EQ(
      parse_size("10").error().message(),
      "'10' has no unit; a size is a whole number with one of B, KiB, MiB and GiB, such as 10MiB");
  EXPECT_EQ(parse_size("10s").error().message(),
            "'10s' has an unknown unit; a size is a whole number with one of B, KiB, MiB and GiB, "
            "such as 10MiB");
}

TEST(ParseSize, RefusesWhatDoesNotFit) {
  EXPECT_TRUE(parse_size("17179869183GiB").ok());
  EXPECT_FALSE(parse_size("17179869184GiB").ok());
  EXPECT_TRUE(parse_size("18446744073709551615B").ok());
  EXPECT_FALSE(parse_size("18446744073709551616B").ok());
}

TEST(Format, IsReadBackUnchanged) {
  for (const Microseconds d :
       {Microseconds(0), Microseconds(1ms), Microseconds(1500ms), Microseconds(90s),
        Microseconds(1min), Microseconds(36h), Microseconds(72h)}) {
    EXPECT_EQ(parse_duration(format_exact(d)).value(), d) << format_exact(d);
  }
  for (const std::uint64_t n :
       {0ull, 1ull, 1023ull, 1024ull, 1536ull, 1ull << 20, 3ull << 30, ~0ull}) {
    EXPECT_EQ(parse_size(format_size(n)).value(), n) << format_size(n);
  }
}

TEST(Format, UsesTheLargestUnitWithoutRest) {
  EXPECT_EQ(format_exact(90s), "90s");
  EXPECT_EQ(format_exact(120s), "2m");
  EXPECT_EQ(format_exact(48h), "2d");
  EXPECT_EQ(format_exact(0s), "0s");
  EXPECT_EQ(format_exact(Microseconds(1'500'999)), "1500ms");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(1ull << 30), "1GiB");
}

TEST(Percent, IsAWholeNumberWithItsSign) {
  EXPECT_EQ(parse_percent("85%").value(), 85u);
  EXPECT_EQ(parse_percent("0%").value(), 0u);
  EXPECT_EQ(parse_percent("1600%").value(), 1600u);
  EXPECT_EQ(format_percent(85), "85%");
}

TEST(Percent, SaysWhatIsWrong) {
  EXPECT_EQ(parse_percent("85").error().message(),
            "'85' has no unit; a share is a whole number with %, such as 85%");
  EXPECT_EQ(parse_percent("0.85").error().message(),
            "'0.85' is not a share: a whole number and its unit in one word, such as 85%");
  EXPECT_EQ(parse_percent("85percent").error().message(),
            "'85percent' has an unknown unit; did you mean '85%'?");
  EXPECT_EQ(parse_percent("99999999999999999999%").error().message(),
            "'99999999999999999999%' is too large");
}

TEST(Units, ReadNumbersInThousandths) {
  EXPECT_EQ(parse_decimal("12").value(), 12'000u);
  EXPECT_EQ(parse_decimal("0").value(), 0u);
  EXPECT_EQ(parse_decimal("0.25").value(), 250u);
  EXPECT_EQ(parse_decimal("1.005").value(), 1'005u);
  EXPECT_EQ(format_decimal(12'000), "12");
  EXPECT_EQ(format_decimal(12'500), "12.5");
  EXPECT_EQ(format_decimal(5), "0.005");
  EXPECT_EQ(format_decimal(0), "0");
  for (const auto* text : {"", ".", "1.", ".5", "1.0005", "1e3", "-1", "+1", "1,5", "0x1", "1.2.3"})
    EXPECT_EQ(parse_decimal(text).error().code(), Errc::Malformed) << text;
  EXPECT_EQ(parse_decimal("99999999999999999999").error().message(),
            "'99999999999999999999' is too large a number");
}

}  // namespace
}  // namespace vigil::yaml
