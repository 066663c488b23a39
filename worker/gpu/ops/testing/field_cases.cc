#include <cstddef>

#include "worker/gpu/ops/cross_layer.h"
#include "worker/gpu/ops/cross_layer_gradient.h"
#include "worker/gpu/ops/embed_fields.h"
#include "worker/gpu/ops/field_products.h"
#include "worker/gpu/ops/field_products_gradient.h"
#include "worker/gpu/ops/field_scatter_gradient.h"
#include "worker/gpu/ops/field_segment_gradient.h"
#include "worker/gpu/ops/field_sums.h"
#include "worker/gpu/ops/reference/fields.h"
#include "worker/gpu/ops/testing/cases.h"
#include "worker/gpu/ops/testing/field_data.h"
#include "worker/gpu/ops/testing/halves.h"
#include "worker/gpu/ops/testing/shapes.h"
#include "worker/gpu/ops/testing/sparse_cases.h"

namespace paceline::gpu::testing {
namespace {

// One field and many, rows that all records have, packs and none.
std::vector<FieldCase> FieldShapes(bool large) {
  std::vector<FieldCase> cases;
  for (const uint32_t k : {1, 2, 4, 16, 31, 64, 132}) cases.push_back({9, 5, k, 3, 20});
  for (const uint32_t k : {4, 16}) cases.push_back({33, 26, k, 4, 40});
  for (const uint32_t k : {1, 8}) cases.push_back({33, 3, k, 0, 40, 1});
  cases.push_back({1, 1, 1, 0, 1});
  cases.push_back({700, 2, 4, 1, 1});
  cases.push_back({3, 5000, 1, 2, 90});
  cases.push_back({2, 300, 4, 0, 90});
  if (large) {
    cases.push_back({8192, 26, 16, 13, 100000});
    cases.push_back({65536, 26, 16, 16, 200000});
    cases.push_back({1 << 20, 2, 4, 0, 1000});
  }
  return cases;
}

void RunEmbed(Trial& trial, const FieldCase& c, HalfType half) {
  const reference::Fields fields = DrawFields(trial, c);
  const std::vector<float> factors = trial.Uniform(c.row_count * c.k, -1, 1);
  const std::vector<float> numbers = trial.Uniform(c.n * c.numbers, -1, 1);
  const std::vector<double> want = reference::EmbedFields(fields, c.k, c.numbers, factors, numbers);
  const uint32_t* rows = trial.Input(fields.rows);
  const float* device_factors = trial.Input(factors, c.shift);
  const float* device_numbers = trial.Input(numbers, c.shift);
  float* x = trial.Output<float>(want.size(), c.shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(want.size(), c.shift);
  trial.Launch(EmbedFields(c.n, c.fields, c.k, c.numbers, rows, device_factors, device_numbers, x,
                           {half, halves}, trial.stream()));
  const std::vector<float> got = trial.Read(x, want.size());
  trial.Equal("x", got, std::vector<float>(want.begin(), want.end()));
  CheckHalves(trial, half, trial.Read(halves, want.size()), want);
  CheckRounding(trial, half, halves, got);
}

void RunSums(Trial& trial, const FieldCase& c) {
  const reference::Fields fields = DrawFields(trial, c);
  const std::vector<float> weights = trial.Summands(c.row_count, c.fields);
  const std::vector<float> z = trial.Summands(c.n, c.fields);
  const uint32_t* rows = trial.Input(fields.rows);
  const float* device_weights = trial.Input(weights);
  float* device_z = trial.Input(z);
  trial.Launch(FieldSums(c.n, c.fields, rows, device_weights, device_z, trial.stream()));
  trial.Near("z", trial.Read(device_z, c.n), reference::FieldSums(fields, weights, z));
}

// `own`: each field has its own part of the gradient; else all of a record the same.
void RunSegmentGradient(Trial& trial, const FieldCase& c, bool own) {
  const reference::Fields fields = DrawFields(trial, c);
  const reference::Segments segments = PlacesByRow(fields);
  const std::vector<float> gradient = trial.Summands(c.n * c.stride(), c.n * c.fields);
  const float factor = 0.3f;
  const uint32_t step = own ? c.k : 0;
  const DeviceSegments device = Upload(trial, segments);
  const float* device_gradient = trial.Input(gradient, c.shift);
  float* out = trial.Poisoned<float>(c.row_count * c.k, c.shift);
  trial.Launch(FieldSegmentGradient(segments.size(), c.k, c.fields, c.stride(), step, device.rows,
                                    device.offsets, device.records, device_gradient, factor, out,
                                    trial.stream()));
  CheckRows(trial, segments, c.k, trial.Read(out, c.row_count * c.k),
            reference::FieldGradient(fields, c.k, c.stride(), step, c.row_count, gradient, factor));
}

void RunScatterGradient(Trial& trial, const FieldCase& c, bool own) {
  const reference::Fields fields = DrawFields(trial, c);
  const std::vector<float> gradient = trial.Summands(c.n * c.stride(), c.n * c.fields);
  const float factor = 0.3f;
  const uint32_t step = own ? c.k : 0;
  const uint32_t* rows = trial.Input(fields.rows);
  const float* device_gradient = trial.Input(gradient, c.shift);
  float* out = trial.Input(std::vector<float>(c.row_count * c.k), c.shift);
  trial.Launch(FieldScatterGradient(c.n, c.k, c.fields, c.stride(), step, rows, device_gradient,
                                    factor, out, trial.stream()));
  trial.Near(
      "out", trial.Read(out, c.row_count * c.k),
      reference::FieldGradient(fields, c.k, c.stride(), step, c.row_count, gradient, factor));
}

void RunProducts(Trial& trial, const FieldCase& c) {
  const std::vector<float> x = trial.Summands(c.n * c.stride(), c.fields);
  const std::vector<float> z = trial.Summands(c.n, c.fields);
  const reference::Interaction want =
      reference::FieldProducts(c.n, c.fields, c.k, c.stride(), x, z);
  const float* device_x = trial.Input(x, c.shift);
  float* sums = trial.Output<float>(c.n * c.k, c.shift);
  float* device_z = trial.Input(z);
  trial.Launch(
      FieldProducts(c.n, c.fields, c.k, c.stride(), device_x, sums, device_z, trial.stream()));
  trial.Near("sums", trial.Read(sums, want.sums.size()), want.sums);
  trial.Near("z", trial.Read(device_z, c.n), want.z);
}

void RunProductsGradient(Trial& trial, const FieldCase& c) {
  const std::vector<float> x = trial.Uniform(c.n * c.stride(), -1, 1);
  const std::vector<float> x_gradient = trial.Uniform(x.size(), -1, 1);
  const std::vector<float> sums = trial.Uniform(c.n * c.k, 3, 6);
  const std::vector<float> z_gradient = trial.Uniform(c.n, 0.5f, 1);
  const float* device_z_gradient = trial.Input(z_gradient);
  const float* device_sums = trial.Input(sums, c.shift);
  const float* device_x = trial.Input(x, c.shift);
  float* out = trial.Input(x_gradient, c.shift);
  trial.Launch(FieldProductsGradient(c.n, c.fields, c.k, c.stride(), device_z_gradient, device_sums,
                                     device_x, out, trial.stream()));
  trial.Near("x_gradient", trial.Read(out, x.size()),
             reference::FieldProductsGradient(c.n, c.fields, c.k, c.stride(), z_gradient, sums, x,
                                              x_gradient));
}

void RunCrossLayer(Trial& trial, const Shape& shape, HalfType half, size_t shift) {
  const size_t count = shape.n * shape.m;
  const std::vector<float> bias = trial.Uniform(shape.m, -1, 1);
  const std::vector<float> x = trial.Uniform(count, 0.5f, 2);
  const std::vector<float> in = trial.Uniform(count, 0.5f, 2);
  const std::vector<float> u = trial.Uniform(count, 1, 3);
  const reference::Crossed want = reference::CrossLayer(shape.n, shape.m, bias, x, in, u);
  const float* device_bias = trial.Input(bias, shift);
  const float* device_x = trial.Input(x, shift);
  const float* device_in = trial.Input(in, shift);
  float* device_u = trial.Input(u, shift);
  float* out = trial.Output<float>(count, shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, shift);
  trial.Launch(CrossLayer(shape.n, shape.m, device_bias, device_x, device_in, device_u, out,
                          {half, halves}, trial.stream()));
  trial.Near("u", trial.Read(device_u, count), want.u);
  const std::vector<float> got = trial.Read(out, count);
  trial.Near("out", got, want.out);
  CheckHalves(trial, half, trial.Read(halves, count), want.out);
  CheckRounding(trial, half, halves, got);
}

void RunCrossLayerGradient(Trial& trial, const Shape& shape, bool first, HalfType half,
                           size_t shift) {
  const size_t count = shape.n * shape.m;
  const std::vector<float> gradient = trial.Uniform(count, 0.5f, 1);
  const std::vector<float> x = trial.Uniform(count, 0.5f, 2);
  const std::vector<float> u = trial.Uniform(count, 1, 3);
  const std::vector<float> before = trial.Uniform(count, 0, 1);
  const reference::CrossedGradient want =
      reference::CrossLayerGradient(first, gradient, x, u, before);
  const float* device_gradient = trial.Input(gradient, shift);
  const float* device_x = trial.Input(x, shift);
  const float* device_u = trial.Input(u, shift);
  float* u_gradient = trial.Output<float>(count, shift);
  uint16_t* halves = trial.Poisoned<uint16_t>(count, shift);
  float* x_gradient = trial.Input(before, shift);
  trial.Launch(CrossLayerGradient(count, first, device_gradient, device_x, device_u, u_gradient,
                                  {half, halves}, x_gradient, trial.stream()));
  const std::vector<float> got = trial.Read(u_gradient, count);
  trial.Near("u_gradient", got, want.u_gradient);
  trial.Near("x_gradient", trial.Read(x_gradient, count), want.x_gradient);
  CheckHalves(trial, half, trial.Read(halves, count), want.u_gradient);
  CheckRounding(trial, half, halves, got);
}

void AddCrossCases(bool large, std::vector<Case>* cases) {
  for (const Shape& shape : Shapes(large)) {
    for (const size_t shift : {0, 1}) {
      for (const HalfType half : {HalfType::kNone, HalfType::kBf16, HalfType::kFp16}) {
        std::string text = shape.Text();
        text += " ";
        text += HalfName(half);
        if (shift > 0) text += ", shifted";
        cases->push_back(
            {"CrossLayer " + text, [=](Trial& t) { RunCrossLayer(t, shape, half, shift); }});
        for (const bool first : {true, false}) {
          cases->push_back({"CrossLayerGradient " + text + (first ? ", first" : ""), [=](Trial& t) {
                              RunCrossLayerGradient(t, shape, first, half, shift);
                            }});
        }
      }
    }
  }
}

}  // namespace

std::vector<Case> FieldCases(bool large) {
  std::vector<Case> cases;
  for (const FieldCase& c : FieldShapes(large)) {
    for (const HalfType half : {HalfType::kNone, HalfType::kBf16, HalfType::kFp16}) {
      cases.push_back({"EmbedFields " + c.Text() + " " + HalfName(half),
                       [=](Trial& t) { RunEmbed(t, c, half); }});
    }
    cases.push_back({"FieldSums " + c.Text(), [=](Trial& t) { RunSums(t, c); }});
    for (const bool own : {true, false}) {
      const std::string text = c.Text() + (own ? "" : ", one gradient");
      cases.push_back(
          {"FieldSegmentGradient " + text, [=](Trial& t) { RunSegmentGradient(t, c, own); }});
      cases.push_back({"FieldScatterGradient " + text,
                       [=](Trial& t) { RunScatterGradient(t, c, own); },
                       /*deterministic=*/false});
    }
    cases.push_back({"FieldProducts " + c.Text(), [=](Trial& t) { RunProducts(t, c); }});
    cases.push_back(
        {"FieldProductsGradient " + c.Text(), [=](Trial& t) { RunProductsGradient(t, c); }});
  }
  AddCrossCases(large, &cases);
  return cases;
}

}  // namespace paceline::gpu::testing
