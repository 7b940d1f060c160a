// SPDX-License-Identifier: Apache-2.0
// A stand-in for wevtapi.dll: an event log that is a folder. C:\standin\events\<number>.xml is the
// event of that number, in UTF-8; a file that appears there is an event that has just been written.
// C:\standin\mode may have a word in it:
//   stale        the log does not know the bookmark any more
//   unavailable  the Event Log service does not run
// What is asked for is appended to C:\standin\calls.txt.
#include <windows.h>
// After windows.h, which it needs.
#include <winevt.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

const std::filesystem::path kFolder = L"C:\\standin";

struct Object {
  virtual ~Object() = default;
};

struct Event final : Object {
  std::uint64_t number = 0;
  std::string xml;
};

struct Bookmark final : Object {
  std::uint64_t number = 0;
};

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::map<std::uint64_t, std::filesystem::path> events_after(std::uint64_t number) {
  std::map<std::uint64_t, std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder / L"events", error)) {
    if (entry.path().extension() != L".xml") continue;
    const auto own = std::wcstoull(entry.path().stem().c_str(), nullptr, 10);
    if (own > number) found.emplace(own, entry.path());
  }
  return found;
}

bool is_mode(const char* word) {
  return content(kFolder / L"mode").starts_with(word);
}

struct Subscription final : Object {
  Subscription(HANDLE event, std::uint64_t after) : signal(event), position(after) {
    watcher = std::thread([this] {
      do {
        if (!events_after(position).empty()) ::SetEvent(signal);
      } while (::WaitForSingleObject(closed, 50) == WAIT_TIMEOUT);
    });
  }
  ~Subscription() override {
    ::SetEvent(closed);
    watcher.join();
    ::CloseHandle(closed);
  }
  HANDLE signal;
  std::atomic<std::uint64_t> position;
  HANDLE closed = ::CreateEventW(nullptr, TRUE, FALSE, nullptr);
  std::thread watcher;
};

void note(const std::wstring& call) {
  std::ofstream stream(kFolder / L"calls.txt", std::ios::binary | std::ios::app);
  for (const wchar_t c : call) stream.put(static_cast<char>(c));
  stream.put('\n');
}

template <class T>
T* as(EVT_HANDLE handle) {
  return dynamic_cast<T*>(static_cast<Object*>(handle));
}

}  // namespace

extern "C" {

EVT_HANDLE WINAPI EvtSubscribe(EVT_HANDLE /*session*/,
                               HANDLE signal,
                               LPCWSTR /*channel*/,
                               LPCWSTR query,
                               EVT_HANDLE bookmark,
                               PVOID /*context*/,
                               EVT_SUBSCRIBE_CALLBACK /*callback*/,
                               DWORD flags) {
  const auto* start = as<Bookmark>(bookmark);
  note(L"subscribe flags " + std::to_wstring(flags) + L" after " +
       std::to_wstring(start != nullptr ? start->number : 0) + L" query " + query);
  if (is_mode("unavailable")) {
    ::SetLastError(RPC_S_SERVER_UNAVAILABLE);
    return nullptr;
  }
  if (start != nullptr && is_mode("stale") && (flags & EvtSubscribeStrict) != 0) {
    ::SetLastError(ERROR_EVT_QUERY_RESULT_STALE);
    return nullptr;
  }
  return static_cast<Object*>(new Subscription(signal, start != nullptr ? start->number : 0));
}

BOOL WINAPI EvtNext(EVT_HANDLE handle,
                    DWORD size,
                    EVT_HANDLE* events,
                    DWORD /*timeout*/,
                    DWORD /*flags*/,
                    DWORD* returned) {
  auto& subscription = *as<Subscription>(handle);
  *returned = 0;
  if (is_mode("unavailable")) {
    ::SetLastError(RPC_S_SERVER_UNAVAILABLE);
    return FALSE;
  }
  for (const auto& [number, file] : events_after(subscription.position)) {
    if (*returned == size) break;
    auto* event = new Event;
    event->number = number;
    event->xml = content(file);
    events[(*returned)++] = static_cast<Object*>(event);
    subscription.position = number;
  }
  if (*returned != 0) return TRUE;
  ::SetLastError(ERROR_NO_MORE_ITEMS);
  return FALSE;
}

BOOL WINAPI EvtRender(EVT_HANDLE /*context*/,
                      EVT_HANDLE handle,
                      DWORD flags,
                      DWORD bytes,
                      PVOID buffer,
                      DWORD* used,
                      DWORD* properties) {
  std::string text;
  if (flags == EvtRenderBookmark) {
    text = "<BookmarkList><Bookmark Channel='Application' RecordId='" +
           std::to_string(as<Bookmark>(handle)->number) + "' IsCurrent='true'/></BookmarkList>";
  } else {
    text = as<Event>(handle)->xml;
  }
  std::wstring wide(text.size() + 1, L'\0');
  const int units = ::MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, wide.data(),
                                          static_cast<int>(wide.size()));
  *used = static_cast<DWORD>(units) * sizeof(wchar_t);
  *properties = 0;
  if (*used > bytes) {
    ::SetLastError(ERROR_INSUFFICIENT_BUFFER);
    return FALSE;
  }
  std::copy_n(wide.data(), units, static_cast<wchar_t*>(buffer));
  return TRUE;
}

EVT_HANDLE WINAPI EvtCreateBookmark(LPCWSTR xml) {
  auto* bookmark = new Bookmark;
  if (xml == nullptr) return static_cast<Object*>(bookmark);
  const std::wstring text(xml);
  const auto at = text.find(L"RecordId='");
  if (at == std::wstring::npos) {
    delete bookmark;
    ::SetLastError(ERROR_INVALID_PARAMETER);
    return nullptr;
  }
  bookmark->number = std::wcstoull(text.c_str() + at + 10, nullptr, 10);
  return static_cast<Object*>(bookmark);
}

BOOL WINAPI EvtUpdateBookmark(EVT_HANDLE bookmark, EVT_HANDLE event) {
  as<Bookmark>(bookmark)->number = as<Event>(event)->number;
  return TRUE;
}

BOOL WINAPI EvtClose(EVT_HANDLE handle) {
  delete static_cast<Object*>(handle);
  return TRUE;
}

}  // extern "C"
