// SPDX-License-Identifier: Apache-2.0
#include "platform/win/wait_chain.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "base/utf.h"
#include "platform/win/system_library.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::platform {
namespace {

// WCT_MAX_NODE_COUNT and the flags of wct.h, which older headers lack. Out of process: threads and
// critical sections of others too. COM would want callbacks of its own.
constexpr DWORD kMaxNodes = 16;
constexpr DWORD kOutOfProcess = 0x1 | 0x4;

using Nodes = std::array<WAITCHAIN_NODE_INFO, kMaxNodes>;

class Session {
 public:
  explicit Session(const WaitChainFunctions& functions)
      : functions_(functions), handle_(functions.open(0, nullptr)) {}
  ~Session() {
    if (handle_ != nullptr) functions_.close(handle_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  [[nodiscard]] HWCT get() const noexcept { return handle_; }

 private:
  const WaitChainFunctions& functions_;
  HWCT handle_;
};

std::string_view name_of(WCT_OBJECT_TYPE type) {
  switch (static_cast<int>(type)) {
    case WctCriticalSectionType: return "a critical section";
    case WctSendMessageType: return "an answer to a window message";
    case WctMutexType: return "a mutex";
    case WctAlpcType: return "an answer to a local call";
    case WctComType: return "an answer to a COM call";
    case WctThreadWaitType: return "the end of a thread";
    case WctProcessWaitType: return "the end of a process";
    case WctComActivationType: return "a COM activation";
    default: return "something";
  }
}

/// A lock may have any name: it is a claim, and need not end with a zero.
std::string object_text(const WAITCHAIN_NODE_INFO& node) {
  const std::wstring_view whole(node.LockObject.ObjectName, WCT_OBJNAME_LENGTH);
  const auto name = utf8_from_wide(whole.substr(0, whole.find(L'\0')));
  const auto what = name_of(node.ObjectType);
  return name.empty() ? std::string(what) : fmt::format("{} '{}'", what, printable_utf8(name));
}

std::string thread_text(const WAITCHAIN_NODE_INFO& node, std::uint32_t process) {
  const auto& thread = node.ThreadObject;
  if (thread.ProcessId == process) return fmt::format("thread {}", thread.ThreadId);
  return fmt::format("thread {} of process {}", thread.ThreadId, thread.ProcessId);
}

std::string chain_text(std::span<const WAITCHAIN_NODE_INFO> nodes, std::uint32_t process) {
  std::string text;
  for (const auto& node : nodes) {
    const bool first = text.empty();
    if (node.ObjectType == WctThreadType) {
      const auto thread = thread_text(node, process);
      text += first ? fmt::format("{} waits", thread)
                    : fmt::format(", held by {}, which waits", thread);
    } else {
      text += fmt::format(" for {}", object_text(node));
    }
  }
  return text;
}

/// From the first thread that is met twice on: those before it only wait for the circle.
std::span<const WAITCHAIN_NODE_INFO> circle_of(std::span<const WAITCHAIN_NODE_INFO> nodes) {
  const auto is_last = [&](const WAITCHAIN_NODE_INFO& node) {
    return node.ObjectType == WctThreadType && nodes.back().ObjectType == WctThreadType &&
           node.ThreadObject.ThreadId == nodes.back().ThreadObject.ThreadId;
  };
  const auto first = std::ranges::find_if(nodes, is_last);
  const auto begin = static_cast<std::size_t>(first - nodes.begin());
  // Where the chain does not come back to a thread within its limit it is shown as a whole.
  return begin + 1 >= nodes.size() ? nodes : nodes.subspan(begin, nodes.size() - begin - 1);
}

}  // namespace

Result<WaitChainFunctions> wait_chain_functions() {
  const HMODULE library = system_library(L"advapi32.dll");
  WaitChainFunctions functions;
  if (library == nullptr || !find_function(library, "OpenThreadWaitChainSession", functions.open) ||
      !find_function(library, "CloseThreadWaitChainSession", functions.close) ||
      !find_function(library, "GetThreadWaitChain", functions.get)) {
    return Error{Errc::Unsupported, "this system has no wait chains"};
  }
  return functions;
}

Result<std::optional<std::string>> find_deadlock(const WaitChainFunctions& functions,
                                                 std::uint32_t process,
                                                 std::span<const std::uint32_t> threads) {
  const Session session(functions);
  if (session.get() == nullptr) return from_last_error("cannot read wait chains");
  for (const auto thread : threads) {
    Nodes nodes{};
    DWORD count = kMaxNodes;
    BOOL is_cycle = FALSE;
    // A thread that has ended, or that may not be looked at, is in no circle that can be shown.
    if (functions.get(session.get(), 0, kOutOfProcess, thread, &count, nodes.data(), &is_cycle) ==
            FALSE ||
        is_cycle == FALSE) {
      continue;
    }
    const auto shown = std::span(nodes).first(std::min<std::size_t>(count, nodes.size()));
    const auto circle = circle_of(shown);
    auto text = chain_text(circle, process);
    // It stops where it would begin again; one that is longer than is shown stops anywhere.
    text += circle.size() < shown.size()
                ? fmt::format(", held by {}", thread_text(circle.front(), process))
                : std::string(", …");
    return std::optional(std::move(text));
  }
  return std::optional<std::string>();
}

}  // namespace vigil::platform
