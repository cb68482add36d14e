// SPDX-License-Identifier: Apache-2.0
#include "cloud/certificate.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/file.h"

namespace antiphon::cloud {
namespace {

template <auto free>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Free<BIO_free_all>>;

constexpr long ten_years = 10L * 365 * 24 * 60 * 60;

bool is_address(const std::string& name) {
  in6_addr ignored{};
  return inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
         inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return false;
  if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
      ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) != 1 ||
      X509_gmtime_adj(X509_getm_notBefore(certificate), -60) == nullptr ||
      X509_gmtime_adj(X509_getm_notAfter(certificate), ten_years) == nullptr ||
      X509_set_pubkey(certificate, key) != 1) {
    return false;
  }
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const auto* const common = reinterpret_cast<const unsigned char*>("Antiphon node");
  if (X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common, -1, -1, 0) != 1 ||
      X509_set_issuer_name(certificate, subject) != 1) {
    return false;
  }
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives +=
        (alternatives.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
  }
  for (const auto& [id, value] : {std::pair(NID_subject_alt_name, alternatives.c_str()),
                                  std::pair(NID_basic_constraints, "critical,CA:TRUE"),
                                  std::pair(NID_ext_key_usage, "serverAuth")}) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, id, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return false;
  }
  return X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Status make_certificate(const std::filesystem::path& certificate_path,
                        const std::filesystem::path& key_path,
                        const std::vector<std::string>& names) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  const Memory key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!key || !certificate || !fill(certificate.get(), key.get(), names) ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1) {
    char reason[256];
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    return Error{Errc::internal, "no certificate could be made: " + std::string(reason)};
  }
  std::error_code error;
  for (const auto& path : {certificate_path, key_path})
    std::filesystem::create_directories(path.parent_path(), error);
  ANTIPHON_CHECK(write_file(key_path, as_bytes(text_of(key_text.get())), Readers::owner));
  return write_file(certificate_path, text_of(certificate_text.get()));
}

}  // namespace antiphon::cloud
