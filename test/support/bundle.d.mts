export declare function bundle(entry: string): Promise<{ readonly path: string; remove(): void }>;
