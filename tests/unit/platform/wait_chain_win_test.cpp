// SPDX-License-Identifier: Apache-2.0
#include "platform/win/wait_chain.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vigil::platform {
namespace {

/// What the stand-ins for the system's functions answer: a chain for each thread.
struct Chain {
  std::vector<WAITCHAIN_NODE_INFO> nodes;
  bool is_cycle = true;
};
struct System {
  std::map<DWORD, Chain> chains;
  bool opens = true;
  int open_sessions = 0;
};
System* the_system = nullptr;

HWCT WINAPI open_session(DWORD, PWAITCHAINCALLBACK) {
  if (!the_system->opens) {
    ::SetLastError(ERROR_ACCESS_DENIED);
    return nullptr;
  }
  ++the_system->open_sessions;
  return the_system;
}
void WINAPI close_session(HWCT session) {
  if (session == the_system) --the_system->open_sessions;
}
BOOL WINAPI get_chain(HWCT,
                      DWORD_PTR,
                      DWORD,
                      DWORD thread,
                      DWORD* count,
                      WAITCHAIN_NODE_INFO* nodes,
                      BOOL* is_cycle) {
  const auto found = the_system->chains.find(thread);
  if (found == the_system->chains.end()) {
    ::SetLastError(ERROR_OBJECT_NOT_FOUND);
    return FALSE;
  }
  const auto& chain = found->second;
  const auto room = *count;
  // As the system does it: how many there are, and as many as there is room for.
  *count = static_cast<DWORD>(chain.nodes.size());
  std::copy_n(chain.nodes.begin(), std::min<std::size_t>(room, chain.nodes.size()), nodes);
  *is_cycle = chain.is_cycle ? TRUE : FALSE;
  return TRUE;
}

WAITCHAIN_NODE_INFO thread(DWORD id, DWORD process = 4) {
  WAITCHAIN_NODE_INFO node{};
  node.ObjectType = WctThreadType;
  node.ObjectStatus = WctStatusBlocked;
  node.ThreadObject.ProcessId = process;
  node.ThreadObject.ThreadId = id;
  return node;
}
WAITCHAIN_NODE_INFO object(WCT_OBJECT_TYPE type, std::wstring_view name = {}) {
  WAITCHAIN_NODE_INFO node{};
  node.ObjectType = type;
  node.ObjectStatus = WctStatusOwned;
  name.copy(node.LockObject.ObjectName, WCT_OBJNAME_LENGTH);
  return node;
}

class WaitChain : public testing::Test {
 protected:
  WaitChain() { the_system = &system_; }
  ~WaitChain() override { the_system = nullptr; }

  std::optional<std::string> ask(std::vector<std::uint32_t> threads) {
    auto found = find_deadlock({open_session, close_session, get_chain}, 4, threads);
    EXPECT_TRUE(found.ok());
    EXPECT_EQ(system_.open_sessions, 0);
    return found.ok() ? *found : std::nullopt;
  }

  System system_;
};

TEST_F(WaitChain, TellsACircleFromItsFirstThreadOn) {
  system_.chains[12] = {{thread(12), object(WctCriticalSectionType, L"0x1234"), thread(14),
                         object(WctMutexType, L"orders"), thread(12)}};
  EXPECT_EQ(ask({12}),
            "thread 12 waits for a critical section '0x1234', held by thread 14, which waits for a "
            "mutex 'orders', held by thread 12");
}

TEST_F(WaitChain, LeavesOutWhoOnlyWaitsForTheCircle) {
  system_.chains[10] = {{thread(10), object(WctMutexType), thread(12), object(WctSendMessageType),
                         thread(14, 8), object(WctAlpcType), thread(12)}};
  EXPECT_EQ(ask({10}),
            "thread 12 waits for an answer to a window message, held by thread 14 of process 8, "
            "which waits for an answer to a local call, held by thread 12");
}

TEST_F(WaitChain, AChainThatEndsIsNoDeadlock) {
  system_.chains[12] = {{thread(12), object(WctMutexType), thread(14)}, false};
  EXPECT_EQ(ask({12}), std::nullopt);
  EXPECT_EQ(ask({}), std::nullopt);
}

TEST_F(WaitChain, GoesOnWhereAThreadCannotBeLookedAt) {
  system_.chains[14] = {{thread(14), object(WctCriticalSectionType), thread(14)}};
  EXPECT_EQ(ask({12, 14}), "thread 14 waits for a critical section, held by thread 14");
}

TEST_F(WaitChain, TakesNoMoreNodesThanThereIsRoomFor) {
  Chain chain;
  for (DWORD i = 0; i < 40; ++i) {
    chain.nodes.push_back(thread(100 + i));
    chain.nodes.push_back(object(WctMutexType, std::wstring(WCT_OBJNAME_LENGTH, L'n')));
  }
  system_.chains[100] = chain;
  const auto found = ask({100});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->starts_with("thread 100 waits for a mutex 'nnn"));
}

TEST_F(WaitChain, SaysWhyItCannotAsk) {
  system_.opens = false;
  const std::uint32_t threads[] = {12};
  const auto found = find_deadlock({open_session, close_session, get_chain}, 4, threads);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), Errc::AccessDenied);
}

}  // namespace
}  // namespace vigil::platform
