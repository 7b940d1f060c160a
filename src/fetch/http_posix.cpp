// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <curl/curl.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include "base/version.h"
#include "fetch/fetch.h"

namespace vigil::fetch {
namespace {

/// The functions of libcurl. It is loaded when a client is first made: with all the libraries that
/// it needs it would cost each start of the program more than many an analysis.
struct Curl {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_easy_init) init = nullptr;
  decltype(&::curl_easy_setopt) setopt = nullptr;
  decltype(&::curl_easy_getinfo) getinfo = nullptr;
  decltype(&::curl_easy_perform) perform = nullptr;
  decltype(&::curl_easy_reset) reset = nullptr;
  decltype(&::curl_easy_cleanup) cleanup = nullptr;
  decltype(&::curl_easy_strerror) strerror = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free = nullptr;
};

template <class Function>
bool load(void* library, const char* name, Function& function) {
  function = std::bit_cast<Function>(::dlsym(library, name));
  return function != nullptr;
}

Result<Curl> load_curl() {
  void* library = nullptr;  // it stays loaded until the process ends
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) break;
  }
  if (library == nullptr) {
    return Error{Errc::Unsupported,
                 "downloads need libcurl.so.4, which is not installed: the package is libcurl4"};
  }
  Curl curl;
  const bool whole = load(library, "curl_global_init", curl.global_init) &&
                     load(library, "curl_easy_init", curl.init) &&
                     load(library, "curl_easy_setopt", curl.setopt) &&
                     load(library, "curl_easy_getinfo", curl.getinfo) &&
                     load(library, "curl_easy_perform", curl.perform) &&
                     load(library, "curl_easy_reset", curl.reset) &&
                     load(library, "curl_easy_cleanup", curl.cleanup) &&
                     load(library, "curl_easy_strerror", curl.strerror) &&
                     load(library, "curl_slist_append", curl.slist_append) &&
                     load(library, "curl_slist_free_all", curl.slist_free);
  if (!whole || curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return Error{Errc::Unsupported, "libcurl.so.4 cannot be used"};
  return curl;
}

/// One transfer, as libcurl's callbacks see it.
struct Transfer {
  const Curl& curl;
  CURL* handle;
  const platform::ByteSink& body;
  const std::stop_token& stop;
  std::optional<Error> failure{};
};

long status_of(const Transfer& transfer) {
  long status = 0;
  (void)transfer.curl.getinfo(transfer.handle, CURLINFO_RESPONSE_CODE,
                              &status);  // else 0: no answer
  return status;
}

constexpr long kOk = 200;

// libcurl is C: nothing may be thrown through it, so these are noexcept.

std::size_t on_body(char* bytes, std::size_t /*one*/, std::size_t size, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  if (status_of(transfer) != kOk) return size;
  auto status = transfer.body(std::string_view(bytes, size));
  if (status.ok()) return size;
  transfer.failure = std::move(status).take_error();
  return CURL_WRITEFUNC_ERROR;
}

int on_progress(void* context,
                curl_off_t /*to_receive*/,
                curl_off_t /*received*/,
                curl_off_t /*to_send*/,
                curl_off_t /*sent*/) noexcept {
  return static_cast<Transfer*>(context)->stop.stop_requested() ? 1 : 0;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(const Curl& curl, const Timeouts& timeouts) : curl_(curl), timeouts_(timeouts) {}
  ~CurlClient() override {
    for (auto* handle : idle_) curl_.cleanup(handle);
  }

  Result<HttpResponse> get(const std::string& url,
                           const platform::ByteSink& body,
                           std::stop_token stop) override {
    return run(url, body, stop, nullptr);
  }

  Result<HttpResponse> post(const std::string& url,
                            const std::string& json,
                            std::stop_token stop) override {
    return run(url, [](std::string_view) { return Status(); }, stop, &json);
  }

 private:
  /// \p content: what is sent; null: nothing.
  Result<HttpResponse> run(const std::string& url,
                           const platform::ByteSink& body,
                           const std::stop_token& stop,
                           const std::string* content) {
    auto* handle = take();
    if (handle == nullptr) return Error{Errc::Internal, "libcurl cannot be used"};
    Transfer transfer{curl_, handle, body, stop};
    configure(transfer, url);
    curl_slist* headers = nullptr;
    if (content != nullptr) {
      // Without Expect: 100-continue, which some servers never answer.
      headers = curl_.slist_append(headers, "Content-Type: application/json");
      headers = curl_.slist_append(headers, "Expect:");
      (void)curl_.setopt(handle, CURLOPT_HTTPHEADER, headers);
      (void)curl_.setopt(handle, CURLOPT_POSTFIELDS, content->data());
      (void)curl_.setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(content->size()));
    }
    CURLcode code = curl_.perform(handle);
    // Whoever has sent something wants to know only whether it was taken.
    if (content != nullptr && status_of(transfer) != 0 && code != CURLE_ABORTED_BY_CALLBACK)
      code = CURLE_OK;
    auto result = answer(transfer, url, code);
    give_back(handle);
    curl_.slist_free(headers);
    return result;
  }

  /// A handle keeps its connections, so they are used again.
  CURL* take() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) return curl_.init();
    auto* handle = idle_.back();
    idle_.pop_back();
    return handle;
  }
  void give_back(CURL* handle) {
    curl_.reset(handle);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(handle);
  }

  void configure(Transfer& transfer, const std::string& url) const {
    // Every option here exists in the oldest libcurl.so.4 that has TLS 1.2.
    const auto set = [&](CURLoption option, auto value) {
      (void)curl_.setopt(transfer.handle, option, value);
    };
    constexpr auto kAgent = "Vigil/";
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_USERAGENT, (std::string(kAgent) + std::string(kVersion)).c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeouts_.connect.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeouts_.whole.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);  // bytes a second
    const auto idle = std::chrono::ceil<std::chrono::seconds>(timeouts_.idle);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(idle.count()));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
  }

  [[nodiscard]] Result<HttpResponse> answer(Transfer& transfer,
                                            const std::string& url,
                                            CURLcode code) const {
    if (transfer.failure) return *std::move(transfer.failure);
    if (code == CURLE_ABORTED_BY_CALLBACK) return Error{Errc::Cancelled, url + ": stopped"};
    if (code != CURLE_OK) {
      return Error{Errc::Io, fmt::format("{}: {}", url, curl_.strerror(code)),
                   static_cast<std::uint32_t>(code)};
    }
    HttpResponse response{.status = static_cast<int>(status_of(transfer))};
    const char* location = nullptr;
    if (curl_.getinfo(transfer.handle, CURLINFO_REDIRECT_URL, &location) == CURLE_OK &&
        location != nullptr) {
      response.location = location;
    }
    return response;
  }

  Curl curl_;
  Timeouts timeouts_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> make_http_client(const Timeouts& timeouts) {
  VIGIL_TRY_ASSIGN(const auto curl, load_curl());
  return std::unique_ptr<HttpClient>(std::make_unique<CurlClient>(curl, timeouts));
}

}  // namespace vigil::fetch
