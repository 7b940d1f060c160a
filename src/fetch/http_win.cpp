// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <windows.h>
// winhttp.h needs windows.h before it.
#include <winhttp.h>

#include "base/utf.h"
#include "base/version.h"
#include "fetch/fetch.h"
#include "fetch/url.h"
#include "platform/win/handle.h"
#include "platform/win/text.h"
#include "platform/win/win_error.h"

namespace vigil::fetch {
namespace {

using SteadyClock = std::chrono::steady_clock;
using platform::KernelHandle;

struct InternetHandleTraits {
  using Raw = HINTERNET;
  static Raw invalid() noexcept { return nullptr; }
  static void close(Raw raw) noexcept { ::WinHttpCloseHandle(raw); }
};
using InternetHandle = platform::UniqueHandle<InternetHandleTraits>;

/// FormatMessage knows these only in winhttp.dll; the rest are rare.
std::string_view words_for(DWORD error) {
  constexpr DWORD kWineSecureFailure = 12157;
  switch (error) {
    case ERROR_WINHTTP_TIMEOUT: return "it took too long";
    case ERROR_WINHTTP_NAME_NOT_RESOLVED: return "the server's name is not known";
    case ERROR_WINHTTP_CANNOT_CONNECT: return "the server cannot be reached";
    case ERROR_WINHTTP_CONNECTION_ERROR: return "the connection was cut";
    case ERROR_WINHTTP_INVALID_SERVER_RESPONSE: return "the server does not speak HTTP";
    case kWineSecureFailure:
    case ERROR_WINHTTP_SECURE_FAILURE: return "the server's certificate is not trusted";
    default: return "it failed";
  }
}

Error http_error(const std::string& url, DWORD error) {
  return {Errc::Io, fmt::format("{}: {} (error {})", url, words_for(error), error), error};
}
Error last_http_error(const std::string& url) {
  return http_error(url, ::GetLastError());
}

constexpr DWORD kBufferBytes = 65'536;

/// One request in flight. WinHTTP writes here from threads of its own until it says that the
/// request's handle is closing; whoever gave it the handle waits for that.
struct Flight {
  KernelHandle done;    ///< Set when the operation that was begun has ended.
  KernelHandle closed;  ///< Set when nothing will be written here any more.
  std::atomic<DWORD> error{0};
  std::atomic<DWORD> read{0};
  std::array<char, kBufferBytes> buffer{};
};

void CALLBACK
on_status(HINTERNET /*handle*/, DWORD_PTR context, DWORD status, void* data, DWORD size) noexcept {
  auto* flight = reinterpret_cast<Flight*>(context);
  if (flight == nullptr) return;
  switch (status) {
    case WINHTTP_CALLBACK_STATUS_REQUEST_ERROR:
      flight->error = static_cast<const WINHTTP_ASYNC_RESULT*>(data)->dwError;
      ::SetEvent(flight->done.get());
      return;
    case WINHTTP_CALLBACK_STATUS_READ_COMPLETE:
      flight->read = size;
      ::SetEvent(flight->done.get());
      return;
    case WINHTTP_CALLBACK_STATUS_SENDREQUEST_COMPLETE:
    case WINHTTP_CALLBACK_STATUS_HEADERS_AVAILABLE: ::SetEvent(flight->done.get()); return;
    case WINHTTP_CALLBACK_STATUS_HANDLE_CLOSING: ::SetEvent(flight->closed.get()); return;
    default: return;
  }
}

Result<std::unique_ptr<Flight>> make_flight() {
  auto flight = std::make_unique<Flight>();
  flight->done = KernelHandle(::CreateEventW(nullptr, FALSE, FALSE, nullptr));
  flight->closed = KernelHandle(::CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!flight->done || !flight->closed) return platform::from_last_error("cannot create an event");
  return flight;
}

/// A request over its whole life, driven by one thread.
class Request {
 public:
  static Result<Request> open(HINTERNET session,
                              const wchar_t* method,
                              const std::string& text,
                              const Timeouts& timeouts) {
    VIGIL_TRY_ASSIGN(const auto url, parse_url(text));
    VIGIL_TRY_ASSIGN(auto flight, make_flight());
    Request request(text, timeouts, std::move(flight));
    request.connection_ = InternetHandle(
        ::WinHttpConnect(session, platform::wide_from_utf8(url.host).c_str(), url.port, 0));
    if (!request.connection_) return last_http_error(text);
    request.handle_ = InternetHandle(::WinHttpOpenRequest(
        request.connection_.get(), method, platform::wide_from_utf8(url.path).c_str(), nullptr,
        WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES, url.secure ? WINHTTP_FLAG_SECURE : 0));
    if (!request.handle_) return last_http_error(text);
    VIGIL_TRY(request.configure());
    return request;
  }

  Request(Request&& other) noexcept = default;
  Request& operator=(Request&& other) = delete;
  ~Request() {
    if (!flight_) return;
    const bool calls_back = armed_;
    handle_.reset();
    // Windows ends what is under way at once. Wine waits for the server.
    constexpr DWORD kCloseMs = 2'000;
    if (calls_back && ::WaitForSingleObject(flight_->closed.get(), kCloseMs) != WAIT_OBJECT_0) {
      // WinHTTP may still write there: better lost than used twice
      [[maybe_unused]] const Flight* lost = flight_.release();
    }
  }

  /// \p content must live until this returns; empty: nothing is sent.
  Result<HttpResponse> run(const platform::ByteSink& body,
                           const std::string& content,
                           const std::stop_token& stop) {
    stop_ = stop;
    const auto size = static_cast<DWORD>(content.size());
    // The system only reads it.
    auto* data = size == 0 ? WINHTTP_NO_REQUEST_DATA : const_cast<char*>(content.data());
    const wchar_t* headers =
        size == 0 ? WINHTTP_NO_ADDITIONAL_HEADERS : L"Content-Type: application/json\r\n";
    if (::WinHttpSendRequest(handle_.get(), headers, size == 0 ? 0 : static_cast<DWORD>(-1), data,
                             size, size, reinterpret_cast<DWORD_PTR>(flight_.get())) == FALSE) {
      return last_http_error(url_);
    }
    VIGIL_TRY(wait(timeouts_.connect + timeouts_.idle));
    if (::WinHttpReceiveResponse(handle_.get(), nullptr) == FALSE) return last_http_error(url_);
    VIGIL_TRY(wait(timeouts_.idle));
    HttpResponse response;
    VIGIL_TRY_ASSIGN(response.status, status());
    constexpr int kOk = 200;
    // Whoever has sent something wants to know only whether it was taken.
    if (size != 0) return response;
    if (response.status == kOk) {
      VIGIL_TRY(receive(body));
    } else if (auto location = header(WINHTTP_QUERY_LOCATION)) {
      response.location = *std::move(location);
    }
    return response;
  }

 private:
  Request(std::string url, const Timeouts& timeouts, std::unique_ptr<Flight> flight)
      : url_(std::move(url)),
        timeouts_(timeouts),
        deadline_(SteadyClock::now() + timeouts.whole),
        flight_(std::move(flight)) {}

  Status set_option(DWORD option, DWORD value) {
    if (::WinHttpSetOption(handle_.get(), option, &value, sizeof(value)) != FALSE) return {};
    return last_http_error(url_);
  }

  Status configure() {
    const auto connect = static_cast<int>(timeouts_.connect.count());
    const auto idle = static_cast<int>(timeouts_.idle.count());
    if (::WinHttpSetTimeouts(handle_.get(), connect, connect, idle, idle) == FALSE)
      return last_http_error(url_);
    // Redirects are followed, or not, by whoever asked.
    VIGIL_TRY(set_option(WINHTTP_OPTION_DISABLE_FEATURE,
                         WINHTTP_DISABLE_REDIRECTS | WINHTTP_DISABLE_COOKIES));
    // This account's credentials go to no server, not even to one of the local network.
    VIGIL_TRY(set_option(WINHTTP_OPTION_AUTOLOGON_POLICY, WINHTTP_AUTOLOGON_SECURITY_LEVEL_HIGH));
    auto context = reinterpret_cast<DWORD_PTR>(flight_.get());
    if (::WinHttpSetOption(handle_.get(), WINHTTP_OPTION_CONTEXT_VALUE, &context,
                           sizeof(context)) == FALSE) {
      return last_http_error(url_);
    }
    const auto previous = ::WinHttpSetStatusCallback(
        handle_.get(), on_status,
        WINHTTP_CALLBACK_FLAG_ALL_COMPLETIONS | WINHTTP_CALLBACK_FLAG_HANDLES, 0);
    if (previous == WINHTTP_INVALID_STATUS_CALLBACK) return last_http_error(url_);
    armed_ = true;
    return {};
  }

  /// Until the operation that was begun has ended, but not longer than \p longest. Whether to stop
  /// is looked at now and then: a std::stop_callback, which would be told, has to wait for its own
  /// end, and that wait is lost once in a while where the runtime has no futex (libstdc++ on
  /// Windows).
  Status wait(std::chrono::milliseconds longest) {
    using std::chrono::milliseconds;
    constexpr milliseconds kLook{100};
    const auto end = std::min(deadline_, SteadyClock::now() + longest);
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(end - SteadyClock::now());
      const auto now = std::clamp(left, milliseconds(0), kLook);
      const DWORD which =
          ::WaitForSingleObject(flight_->done.get(), static_cast<DWORD>(now.count()));
      if (stop_.stop_requested()) return Error{Errc::Cancelled, url_ + ": stopped"};
      if (which == WAIT_OBJECT_0) break;
      if (left <= milliseconds(0)) return http_error(url_, ERROR_WINHTTP_TIMEOUT);
    }
    if (const DWORD error = flight_->error; error != 0) return http_error(url_, error);
    return {};
  }

  Result<int> status() const {
    DWORD value = 0, size = sizeof(value);
    if (::WinHttpQueryHeaders(handle_.get(), WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER,
                              WINHTTP_HEADER_NAME_BY_INDEX, &value, &size,
                              WINHTTP_NO_HEADER_INDEX) == FALSE) {
      return last_http_error(url_);
    }
    return static_cast<int>(value);
  }

  [[nodiscard]] std::optional<std::string> header(DWORD which) const {
    constexpr DWORD kMaxUnits = 8192;
    std::wstring value(kMaxUnits, L'\0');
    DWORD size = kMaxUnits * sizeof(wchar_t);
    if (::WinHttpQueryHeaders(handle_.get(), which, WINHTTP_HEADER_NAME_BY_INDEX, value.data(),
                              &size, WINHTTP_NO_HEADER_INDEX) == FALSE) {
      return std::nullopt;
    }
    value.resize(size / sizeof(wchar_t));
    return platform::utf8_from_wide(value);
  }

  /// A body that ends early is no error to every version of WinHTTP: so its length is compared.
  Status receive(const platform::ByteSink& body) {
    std::uint64_t expected = 0, received = 0;
    const auto length = header(WINHTTP_QUERY_CONTENT_LENGTH);
    const bool known =
        length && std::from_chars(length->data(), length->data() + length->size(), expected).ec ==
                      std::errc();
    for (;;) {
      flight_->read = 0;
      if (::WinHttpReadData(handle_.get(), flight_->buffer.data(), kBufferBytes, nullptr) == FALSE)
        return last_http_error(url_);
      VIGIL_TRY(wait(timeouts_.idle));
      const std::size_t size = flight_->read;
      if (size == 0) break;
      received += size;
      VIGIL_TRY(body(std::string_view(flight_->buffer.data(), size)));
    }
    if (!known || received == expected) return {};
    return Error{Errc::Io, fmt::format("{}: the connection was cut after {} of {} bytes", url_,
                                       received, expected)};
  }

  std::string url_;
  Timeouts timeouts_;
  SteadyClock::time_point deadline_;
  std::stop_token stop_;
  std::unique_ptr<Flight> flight_;
  bool armed_ = false;  // WinHTTP knows of the flight
  InternetHandle connection_, handle_;
};

class WinHttpClient final : public HttpClient {
 public:
  WinHttpClient(InternetHandle session, const Timeouts& timeouts)
      : session_(std::move(session)), timeouts_(timeouts) {}

  Result<HttpResponse> get(const std::string& url,
                           const platform::ByteSink& body,
                           std::stop_token stop) override {
    VIGIL_TRY_ASSIGN(auto request, Request::open(session_.get(), L"GET", url, timeouts_));
    return request.run(body, {}, stop);
  }

  Result<HttpResponse> post(const std::string& url,
                            const std::string& json,
                            std::stop_token stop) override {
    VIGIL_TRY_ASSIGN(auto request, Request::open(session_.get(), L"POST", url, timeouts_));
    return request.run([](std::string_view) { return Status(); }, json, stop);
  }

 private:
  InternetHandle session_;  // keeps connections, and has the proxy settings
  Timeouts timeouts_;
};

InternetHandle open_session() {
  const auto agent = platform::wide_from_utf8(fmt::format("Vigil/{}", kVersion));
  // Windows 8.1 and later find the proxy by themselves; before, there is what netsh has set.
  constexpr std::array<DWORD, 2> kProxies = {WINHTTP_ACCESS_TYPE_AUTOMATIC_PROXY,
                                             WINHTTP_ACCESS_TYPE_DEFAULT_PROXY};
  for (const auto proxy : kProxies) {
    InternetHandle session(::WinHttpOpen(agent.c_str(), proxy, WINHTTP_NO_PROXY_NAME,
                                         WINHTTP_NO_PROXY_BYPASS, WINHTTP_FLAG_ASYNC));
    if (session) return session;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<HttpClient>> make_http_client(const Timeouts& timeouts) {
  auto session = open_session();
  if (!session) return platform::from_last_error("cannot use WinHTTP");
  return std::unique_ptr<HttpClient>(std::make_unique<WinHttpClient>(std::move(session), timeouts));
}

}  // namespace vigil::fetch
