#include "common/security/certificates.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/security/openssl_handles.h"
#include "common/status/status_macros.h"

namespace paceline {
namespace {

using openssl::Certificate;
using openssl::Key;

constexpr int kSerialBits = 127;
constexpr long kVersion3 = 2;  // NOLINT: OpenSSL's type
constexpr size_t kLongestHost = 253;
constexpr size_t kLongestLabel = 63;

bool IsAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool IsLabel(absl::string_view label) {
  return !label.empty() && label.size() <= kLongestLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-';
         });
}

// One *, for all names of one domain.
bool IsDnsName(absl::string_view host) {
  if (host.size() > kLongestHost) return false;
  std::vector<absl::string_view> labels = absl::StrSplit(host, '.');
  if (labels.size() > 2 && labels[0] == "*") labels.erase(labels.begin());
  return std::all_of(labels.begin(), labels.end(), IsLabel);
}

absl::StatusOr<Key> NewKey() {
  Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return openssl::Error("new key");
  return key;
}

absl::Status SetSerial(X509* certificate) {
  const openssl::BigNumber number(BN_new());
  if (BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl::Error("serial number");
  }
  return absl::OkStatus();
}

absl::Status SetSubject(X509* certificate, const std::string& common_name) {
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto add = [name](const char* field, const std::string& text) {
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                                      0) == 1;
  };
  if (!add("O", "Paceline") || !add("CN", common_name)) return openssl::Error("subject");
  return absl::OkStatus();
}

absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl::Error(absl::StrCat("extension ", OBJ_nid2sn(nid)));
  }
  return absl::OkStatus();
}

struct Validity {
  absl::Time now;
  int days;
};

// Not signed, without extensions.
absl::StatusOr<Certificate> NewCertificate(const std::string& common_name, EVP_PKEY* key,
                                           const Validity& validity) {
  Certificate certificate(X509_new());
  X509* const x = certificate.get();
  const absl::Time ends = validity.now + absl::Hours(24) * validity.days;
  if (x == nullptr || X509_set_version(x, kVersion3) != 1 ||
      ASN1_TIME_set(X509_getm_notBefore(x), absl::ToTimeT(validity.now - kBackDated)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(x), absl::ToTimeT(ends)) == nullptr ||
      X509_set_pubkey(x, key) != 1) {
    return openssl::Error("new certificate");
  }
  PL_RETURN_IF_ERROR(SetSerial(x));
  PL_RETURN_IF_ERROR(SetSubject(x, common_name));
  return certificate;
}

absl::Status Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1) {
    return openssl::Error("issuer");
  }
  for (const auto& [nid, value] : {std::pair{NID_subject_key_identifier, "hash"},
                                   std::pair{NID_authority_key_identifier, "keyid:always"}}) {
    PL_RETURN_IF_ERROR(AddExtension(certificate, issuer, nid, value));
  }
  if (X509_sign(certificate, issuer_key, EVP_sha256()) == 0) return openssl::Error("signature");
  return absl::OkStatus();
}

absl::StatusOr<std::string> AlternativeNames(const CertificateRequest& request) {
  PL_ASSIGN_OR_RETURN(const std::string uri, IdentityUri(request.identity));
  std::string names = absl::StrCat("URI:", uri);
  for (const std::string& host : request.hosts) {
    PL_RETURN_IF_ERROR(CheckHost(host));
    absl::StrAppend(&names, IsAddress(host) ? ",IP:" : ",DNS:", absl::AsciiStrToLower(host));
  }
  return names;
}

absl::Status CheckDays(const CertificateRequest& request, X509* ca) {
  if (request.days < 1 || request.days > kCaDays) {
    return absl::InvalidArgumentError(
        absl::StrCat("days: 1 to ", kCaDays, " expected, got ", request.days));
  }
  const absl::Time ca_ends = openssl::ToTime(X509_get0_notAfter(ca));
  if (request.now + absl::Hours(24) * request.days <= ca_ends) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "days: the authority ends on ", absl::FormatTime("%Y-%m-%d", ca_ends, absl::UTCTimeZone()),
      ", before a certificate for ", request.days, " days would"));
}

}  // namespace

absl::Status CheckHost(absl::string_view host) {
  if (IsAddress(std::string(host)) || IsDnsName(host)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "host: a DNS name or an IP address without a port expected, got \"", host, "\""));
}

absl::StatusOr<KeyAndCertificate> MakeCa(absl::Time now) {
  PL_ASSIGN_OR_RETURN(const Key key, NewKey());
  unsigned char random[4];
  if (RAND_bytes(random, sizeof(random)) != 1) return openssl::Error("random numbers");
  const std::string id =
      absl::BytesToHexString({reinterpret_cast<const char*>(random), sizeof(random)});
  PL_ASSIGN_OR_RETURN(const Certificate certificate,
                      NewCertificate(absl::StrCat("authority ", id), key.get(), {now, kCaDays}));
  X509* const x = certificate.get();
  PL_RETURN_IF_ERROR(AddExtension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  PL_RETURN_IF_ERROR(AddExtension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign"));
  PL_RETURN_IF_ERROR(Sign(x, x, key.get()));
  return KeyAndCertificate{.key = openssl::Pem(key.get()), .certificate = openssl::Pem(x)};
}

absl::StatusOr<KeyAndCertificate> IssueCertificate(const KeyAndCertificate& ca,
                                                   const CertificateRequest& request) {
  PL_ASSIGN_OR_RETURN(const Key ca_key, openssl::ParseKey(ca.key));
  PL_ASSIGN_OR_RETURN(const std::vector<Certificate> authorities,
                      openssl::ParseCertificates(ca.certificate));
  X509* const issuer = authorities[0].get();
  if (X509_check_private_key(issuer, ca_key.get()) != 1) {
    (void)openssl::Error("");
    return absl::FailedPreconditionError("the authority's key is not that of its certificate");
  }
  PL_RETURN_IF_ERROR(CheckDays(request, issuer));
  PL_ASSIGN_OR_RETURN(const std::string names, AlternativeNames(request));
  PL_ASSIGN_OR_RETURN(const Key key, NewKey());
  PL_ASSIGN_OR_RETURN(
      const Certificate certificate,
      NewCertificate(IdentityText(request.identity), key.get(), {request.now, request.days}));
  X509* const x = certificate.get();
  for (const auto& [nid, value] :
       {std::pair<int, std::string>{NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth,clientAuth"},
        {NID_subject_alt_name, names}}) {
    PL_RETURN_IF_ERROR(AddExtension(x, issuer, nid, value));
  }
  PL_RETURN_IF_ERROR(Sign(x, issuer, ca_key.get()));
  return KeyAndCertificate{.key = openssl::Pem(key.get()), .certificate = openssl::Pem(x)};
}

}  // namespace paceline
