FROM node:24-slim
WORKDIR /app
COPY . .
RUN npm ci --omit=dev && ln -s /app/bin/countersign.mjs /usr/local/bin/countersign \
  && mkdir -p /data && chown node:node /data
USER node
CMD ["countersign", "--help"]
