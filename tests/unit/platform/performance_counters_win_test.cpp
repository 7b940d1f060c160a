// SPDX-License-Identifier: Apache-2.0
#include "platform/win/performance_counters.h"

#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vigil::platform {
namespace {

using testing::ElementsAre;

struct Item {
  std::wstring name;
  double value = 0;
  DWORD status = PDH_CSTATUS_VALID_DATA;
};

/// What the stand-ins for the system's functions answer, by path.
struct System {
  std::map<std::wstring, std::vector<Item>> counters;
  std::map<std::wstring, std::size_t> added;
  int open_queries = 0;
  int looks = 0;
  int grows = 0;  // how often the instances are found to have grown between two questions
};
System* the_system = nullptr;

PDH_STATUS status(DWORD code) {
  return static_cast<PDH_STATUS>(code);
}

PDH_STATUS WINAPI open_query(LPCWSTR source, DWORD_PTR, PDH_HQUERY* query) {
  EXPECT_EQ(source, nullptr) << "what is now, and no log file";
  ++the_system->open_queries;
  *query = the_system;
  return ERROR_SUCCESS;
}
PDH_STATUS WINAPI close_query(PDH_HQUERY) {
  --the_system->open_queries;
  return ERROR_SUCCESS;
}
PDH_STATUS WINAPI add(PDH_HQUERY, LPCWSTR path, DWORD_PTR, PDH_HCOUNTER* counter) {
  ++the_system->added[path];
  const auto found = the_system->counters.find(path);
  if (found == the_system->counters.end()) return status(PDH_CSTATUS_NO_OBJECT);
  *counter = &found->second;
  return ERROR_SUCCESS;
}
PDH_STATUS WINAPI collect(PDH_HQUERY) {
  ++the_system->looks;
  return ERROR_SUCCESS;
}
PDH_FMT_COUNTERVALUE formatted(const Item& item) {
  PDH_FMT_COUNTERVALUE value{};
  value.CStatus = item.status;
  value.doubleValue = item.value;
  return value;
}
PDH_STATUS WINAPI value_of(PDH_HCOUNTER counter,
                           DWORD format,
                           DWORD*,
                           PPDH_FMT_COUNTERVALUE value) {
  EXPECT_EQ(format, static_cast<DWORD>(PDH_FMT_DOUBLE | PDH_FMT_NOCAP100));
  const auto& items = *static_cast<const std::vector<Item>*>(counter);
  *value = formatted(items.at(0));
  return items[0].status == PDH_CSTATUS_VALID_DATA ? ERROR_SUCCESS : status(PDH_INVALID_DATA);
}
/// Names stand behind the items, as the system has it.
PDH_STATUS WINAPI values_of(
    PDH_HCOUNTER counter, DWORD, DWORD* bytes, DWORD* count, PPDH_FMT_COUNTERVALUE_ITEM_W buffer) {
  const auto& items = *static_cast<const std::vector<Item>*>(counter);
  std::size_t needed = items.size() * sizeof(*buffer);
  for (const auto& item : items) needed += (item.name.size() + 1) * sizeof(wchar_t);
  const bool grew = the_system->grows > 0;
  if (buffer == nullptr || *bytes < needed || grew) {
    if (buffer != nullptr && grew) --the_system->grows;
    *bytes = static_cast<DWORD>(needed);
    return status(PDH_MORE_DATA);
  }
  *count = static_cast<DWORD>(items.size());
  auto* name = reinterpret_cast<wchar_t*>(buffer + items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::memcpy(name, items[i].name.c_str(), (items[i].name.size() + 1) * sizeof(wchar_t));
    buffer[i].szName = name;
    buffer[i].FmtValue = formatted(items[i]);
    name += items[i].name.size() + 1;
  }
  return ERROR_SUCCESS;
}

class PerformanceCounters : public testing::Test {
 protected:
  PerformanceCounters() { the_system = &system_; }
  ~PerformanceCounters() override {
    EXPECT_EQ(system_.open_queries, 0);
    the_system = nullptr;
  }

  static CounterQuery open(std::vector<CounterQuestion> questions) {
    auto query = CounterQuery::open({open_query, close_query, add, collect, value_of, values_of},
                                    std::move(questions));
    return std::move(query).take();
  }
  /// A value, or why there is none; empty: nothing yet.
  static std::vector<std::string> look(CounterQuery& query) {
    std::vector<std::string> texts;
    for (const auto& answer : query.look())
      texts.push_back(answer.value ? std::to_string(*answer.value) : answer.why);
    return texts;
  }

  System system_;
};

TEST_F(PerformanceCounters, AreReadTogether) {
  system_.counters[L"\\System\\Threads"] = {{L"", 812}};
  system_.counters[L"\\Disk(0 C:)\\% Idle"] = {{L"", 99.5}};
  auto query = open({{R"(\System\Threads)", {}}, {R"(\Disk(0 C:)\% Idle)", {}}});
  EXPECT_THAT(look(query), ElementsAre("812.000000", "99.500000"));
  EXPECT_EQ(system_.looks, 1);
}

TEST_F(PerformanceCounters, SayNothingYetOfARateThatIsOnlyBegun) {
  system_.counters[L"\\System\\Calls/sec"] = {{L"", 0, PDH_CSTATUS_INVALID_DATA}};
  auto query = open({{R"(\System\Calls/sec)", {}}});
  EXPECT_THAT(look(query), ElementsAre(""));
  system_.counters[L"\\System\\Calls/sec"] = {{L"", 1234.5}};
  EXPECT_THAT(look(query), ElementsAre("1234.500000"));
  system_.counters[L"\\System\\Calls/sec"] = {{L"", std::numeric_limits<double>::infinity()}};
  EXPECT_THAT(look(query), ElementsAre(""));
}

TEST_F(PerformanceCounters, AreLookedForAgainWhenAProgramHasRegisteredThem) {
  auto query = open({{R"(\Orders\Queue)", {}}});
  EXPECT_THAT(look(query), ElementsAre("this system has no such object"));
  system_.counters[L"\\Orders\\Queue"] = {{L"", 3}};
  for (std::uint32_t i = 1; i < CounterQuery::kLooksBetween; ++i)
    EXPECT_THAT(look(query), ElementsAre("this system has no such object"));
  EXPECT_THAT(look(query), ElementsAre("3.000000"));
  EXPECT_EQ(system_.added[L"\\Orders\\Queue"], 2u);
}

TEST_F(PerformanceCounters, FindTheInstanceOfAProcessByItsId) {
  system_.counters[L"\\Process(*)\\Threads"] = {{L"w3wp", 10}, {L"w3wp", 20}, {L"idle", 30}};
  system_.counters[L"\\Process(*)\\ID Process"] = {{L"w3wp", 4}, {L"w3wp", 8}, {L"idle", 0}};
  auto query = open({{R"(\Process(*)\Threads)", ProcessId{8}},
                     {R"(\Process(*)\Threads)", ProcessId{4}},
                     {R"(\Process(*)\Threads)", ProcessId{12}}});
  EXPECT_THAT(look(query),
              ElementsAre("20.000000", "10.000000", "it has no instance of this process"));
  EXPECT_EQ(system_.added[L"\\Process(*)\\Threads"], 1u) << "they share it";
}

TEST_F(PerformanceCounters, TakeTheOtherNameOfTheId) {
  system_.counters[L"\\Memory(*)\\% GC"] = {{L"w3wp", 10}, {L"w3wp#1", 20}};
  system_.counters[L"\\Memory(*)\\Process ID"] = {{L"w3wp", 4}, {L"w3wp#1", 8}};
  auto query = open({{R"(\Memory(*)\% GC)", ProcessId{8}}});
  EXPECT_THAT(look(query), ElementsAre("20.000000"));
}

TEST_F(PerformanceCounters, DoNotTakeOneInstanceForAnotherWhereTheListsDiffer) {
  system_.counters[L"\\Process(*)\\Threads"] = {{L"new", 1}, {L"w3wp", 10}};
  system_.counters[L"\\Process(*)\\ID Process"] = {{L"w3wp", 8}};
  auto query = open({{R"(\Process(*)\Threads)", ProcessId{8}}});
  EXPECT_THAT(look(query), ElementsAre("it has no instance of this process"));
}

TEST_F(PerformanceCounters, FindTheInstanceByItsNameWhereNoIdIs) {
  system_.counters[L"\\Pools(*)\\Requests"] = {{L"47_Default", 1}, {L"4_Orders", 2}};
  auto query = open({{R"(\Pools(*)\Requests)", ProcessId{4}}});
  EXPECT_THAT(look(query), ElementsAre("2.000000"));
}

TEST_F(PerformanceCounters, AskAgainWhenInstancesHaveBeenAdded) {
  system_.counters[L"\\Pools(*)\\Requests"] = {{L"4_Orders", 2}};
  system_.grows = 2;
  auto query = open({{R"(\Pools(*)\Requests)", ProcessId{4}}});
  EXPECT_THAT(look(query), ElementsAre("2.000000"));
  system_.grows = 1000;
  EXPECT_THAT(look(query), ElementsAre("it has no instance of this process")) << "not for ever";
}

TEST(InstanceNames, TellTheirProcess) {
  EXPECT_TRUE(is_instance_of("47_DefaultAppPool", ProcessId{47}));
  EXPECT_TRUE(is_instance_of("w3wp_47", ProcessId{47}));
  EXPECT_TRUE(is_instance_of("w3wp:47", ProcessId{47}));
  for (const auto* name :
       {"47", "w3wp", "w3wp#47", "147_Default", "w3wp_147", "w3wp_478", "", "47Default"})
    EXPECT_FALSE(is_instance_of(name, ProcessId{47})) << name;
}

TEST(CounterFunctions, OfThisSystemTellHowLongItHasRun) {
  const auto functions = counter_functions();
  ASSERT_TRUE(functions.ok()) << functions.error().message();
  auto query = CounterQuery::open(
      *functions, {{R"(\System\System Up Time)", {}}, {R"(\No Such Object\No Such Counter)", {}}});
  ASSERT_TRUE(query.ok()) << query.error().message();
  const auto answers = query->look();
  ASSERT_TRUE(answers[0].value);
  EXPECT_GT(*answers[0].value, 0);
  EXPECT_FALSE(answers[1].value);
  EXPECT_NE(answers[1].why, "");
}

}  // namespace
}  // namespace vigil::platform
