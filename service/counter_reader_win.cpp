// SPDX-License-Identifier: Apache-2.0
// The child that reads performance counters: libraries of whoever registered them are loaded into
// it, and may hang or crash there.
#include <windows.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/utf.h"
#include "counter_lines.h"
#include "host.h"
#include "platform/win/handle.h"
#include "platform/win/performance_counters.h"

namespace vigil::service {
namespace {

constexpr DWORD kEveryMs = 1000;
/// Beyond it nobody has a bound.
constexpr double kMost = 1e15;

/// What comes in while this program waits for something else.
class Input {
 public:
  explicit Input(HANDLE pipe) : news_(::CreateEventW(nullptr, FALSE, FALSE, nullptr)) {
    std::thread([this, pipe] { read(pipe); }).detach();
  }

  /// Until something has come, but no longer than \p ms. Nothing: the other end is closed.
  [[nodiscard]] std::optional<std::string> wait(DWORD ms) {
    ::WaitForSingleObject(news_.get(), ms);
    const std::lock_guard lock(mutex_);
    if (ended_) return std::nullopt;
    return std::exchange(text_, {});
  }

 private:
  void read(HANDLE pipe) {
    std::array<char, 4096> chunk{};
    DWORD length = 0;
    bool more = true;
    while (more) {
      more = ::ReadFile(pipe, chunk.data(), static_cast<DWORD>(chunk.size()), &length, nullptr) !=
                 FALSE &&
             length > 0;
      const std::lock_guard lock(mutex_);
      if (more) text_.append(chunk.data(), length);
      ended_ = !more;
      ::SetEvent(news_.get());
    }
  }

  std::mutex mutex_;
  std::string text_;
  bool ended_ = false;
  platform::KernelHandle news_;
};

bool say(HANDLE output, std::string_view text) {
  DWORD written = 0;
  return ::WriteFile(output, text.data(), static_cast<DWORD>(text.size()), &written, nullptr) !=
             FALSE &&
         written == text.size();
}

std::vector<platform::CounterQuestion> questions_of(const CounterList& list) {
  std::vector<platform::CounterQuestion> questions;
  for (const auto& entry : list.entries) {
    platform::CounterQuestion question{entry.path, entry.process};
    const auto at = question.path.find(rules::kProcessInstance);
    if (at != std::string::npos) question.path.replace(at, rules::kProcessInstance.size(), "*");
    questions.push_back(std::move(question));
  }
  return questions;
}

/// A counter that is negative is below every bound.
std::uint64_t thousandths_of(double value) {
  constexpr double kThousandths = 1000;
  return static_cast<std::uint64_t>(std::llround(std::clamp(value, 0.0, kMost) * kThousandths));
}

std::string answers_text(std::uint32_t list, const std::vector<platform::CounterAnswer>& answers) {
  std::string text;
  for (std::uint32_t i = 0; i < answers.size(); ++i) {
    CounterLine line{.list = list, .index = i};
    if (answers[i].value) line.thousandths = thousandths_of(*answers[i].value);
    line.why = printable_utf8(answers[i].why);
    text += counter_line_text(line) + '\n';
  }
  return text;
}

/// Until the other end of a pipe is closed.
ExitCode read_counters(const platform::CounterFunctions& functions, Input& input, HANDLE output) {
  std::string pending;
  std::uint32_t number = 0;
  std::optional<platform::CounterQuery> query;
  while (const auto text = input.wait(kEveryMs)) {
    pending += *text;
    const auto list = take_counter_list(pending);
    if (!list.ok()) return ExitCode::Failed;
    if (*list) {
      number = (*list)->number;
      query.reset();
      auto opened = platform::CounterQuery::open(functions, questions_of(**list));
      if (!opened.ok()) return exit_code_for(opened.error().code());
      query = std::move(opened).take();
    }
    if (query && !say(output, answers_text(number, query->look()))) break;
  }
  return ExitCode::Ok;
}

}  // namespace

ExitCode run_counter_reader() {
  const auto functions = platform::counter_functions();
  if (!functions.ok()) return exit_code_for(functions.error().code());
  Input input(::GetStdHandle(STD_INPUT_HANDLE));
  const auto code = read_counters(*functions, input, ::GetStdHandle(STD_OUTPUT_HANDLE));
  // The thread that reads the input holds on to what lies here.
  ::ExitProcess(static_cast<UINT>(code));
}

}  // namespace vigil::service
