// SPDX-License-Identifier: Apache-2.0
#include "counter_lines.h"

#include <string>

#include <gtest/gtest.h>

namespace vigil::service {
namespace {

const std::vector<watch::CounterTarget> kCounters = {
    {R"(\System\Queue Length)", {}},
    {R"(\Memory({process})\% GC)", {ProcessId{4711}, Timestamp{5}}}};

TEST(CounterList, ComesBackAsItWasSaid) {
  auto text = counter_list_text(7, kCounters) + "list 8";
  const auto list = take_counter_list(text);
  ASSERT_TRUE(list.ok() && *list);
  EXPECT_EQ(**list, (CounterList{7,
                                 {{R"(\System\Queue Length)", ProcessId{0}},
                                  {R"(\Memory({process})\% GC)", ProcessId{4711}}}}));
  EXPECT_EQ(text, "list 8") << "what comes behind it stays";
}

TEST(CounterList, WaitsUntilItIsWhole) {
  const auto whole = counter_list_text(7, kCounters);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto text = whole.substr(0, size);
    const auto list = take_counter_list(text);
    ASSERT_TRUE(list.ok()) << size;
    EXPECT_FALSE(*list) << size;
    EXPECT_EQ(text.size(), size);
  }
}

TEST(CounterList, RefusesOtherText) {
  for (std::string text :
       {"lists 7 0\n", "list 7\n", "list x 0\n", "list 7 257\n", "list 7 1\n\\System\\Queue\n",
        "list 7 1\n4711\n", "list -1 0\n", "list 7 0 1\n"}) {
    const auto whole = text;
    EXPECT_FALSE(take_counter_list(text).ok()) << whole;
  }
  std::string endless(2 * kMaxCounterLineBytes, 'x');
  EXPECT_FALSE(take_counter_list(endless).ok());
  endless = "list 7 1\n0 " + endless;
  EXPECT_FALSE(take_counter_list(endless).ok());
}

TEST(CounterLine, ComesBackAsItWasSaid) {
  for (const auto& line : {CounterLine{7, 0, 12'500, {}}, CounterLine{7, 1, 0, {}},
                           CounterLine{7, 2, std::nullopt, "there is no such instance"},
                           CounterLine{7, 3, std::nullopt, {}}}) {
    const auto parsed = parse_counter_line(counter_line_text(line));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, line);
  }
  EXPECT_EQ(counter_line_text({7, 0, 12'500, {}}), "7 0 value 12500");
}

TEST(CounterLine, RefusesOtherText) {
  for (const auto* text :
       {"", "7", "7 0", "7 0 value", "7 0 value x", "7 0 value -1", "7 0 value 1 2", "7 0 valu 1",
        "x 0 value 1", "7 x none a", "7 0 value 99999999999999999999", "7  0 value 1"}) {
    EXPECT_FALSE(parse_counter_line(text).ok()) << text;
  }
  EXPECT_FALSE(parse_counter_line("7 0 none " + std::string(kMaxCounterLineBytes, 'x')).ok());
}

}  // namespace
}  // namespace vigil::service
