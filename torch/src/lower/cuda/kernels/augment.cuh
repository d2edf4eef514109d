// Augmentation of a batch: a block an image. The data set lies as bytes,
// [images, height + 2 pad, width + 2 pad, channels], padded already.

// What is done to the image at a place in the order of an epoch.
struct Draw {
  unsigned image;
  unsigned short top, left;          // of the crop in the padded image
  unsigned short cut_top, cut_left;  // of the square that is set to 0
  unsigned flip;                     // 1: mirrored, 0: not
};
static_assert(sizeof(Draw) == 16, "the host lays out the same");

struct Colours {
  float mean[8], deviation[8];
};

// output[batch, height, width, 8], aligned to 16 bytes: the crop, flipped, normalised, with a
// square of `cutout` pixels set to 0, and zeros in the channels that the images do not have.
template <class T>
DEVICE void augment(const unsigned char* images, const long long* labels, const Draw* draws,
                    const State* state, typename T::Element* output, long long* labels_out,
                    unsigned height, unsigned width, unsigned pad, unsigned channels,
                    unsigned cutout, const Colours& colours) {
  const Draw draw = draws[state->first + blockIdx.x];
  const unsigned padded_width = width + 2 * pad, pixels = height * width;
  const unsigned char* image =
      images + static_cast<size_t>(draw.image) * (height + 2 * pad) * padded_width * channels;
  if (threadIdx.x == 0) labels_out[blockIdx.x] = labels[draw.image];
  for (unsigned pixel = threadIdx.x; pixel < pixels; pixel += blockDim.x) {
    const unsigned y = pixel / width, x = pixel % width;
    const unsigned column = draw.left + (draw.flip ? width - 1 - x : x);
    const unsigned char* from = image + ((draw.top + y) * padded_width + column) * channels;
    // Above and left of the square the differences wrap around.
    const bool cut = y - draw.cut_top < cutout && x - draw.cut_left < cutout;
    float numbers[8];
#pragma unroll
    for (unsigned c = 0; c < 8; c++) {
      numbers[c] = c < channels && !cut
                       ? (static_cast<float>(from[c]) - colours.mean[c]) / colours.deviation[c]
                       : 0.0f;
    }
    const size_t to = static_cast<size_t>(blockIdx.x) * pixels + pixel;
    Vector<T, 8>::of(numbers).store(output + to * 8);
  }
}
